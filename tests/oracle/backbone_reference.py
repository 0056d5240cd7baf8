"""Answers of torchvision's own networks.

alive MODEL WEIGHTS OUT SIZE NODES GRADIENTS   random weights, brought to life; settings; logits
                                               and the output of each of the NODES (a,b,c) in
                                               float64; gradients (yes or no)
tf-same MODEL WEIGHTS_IN OUT SIZE              a file's network with TensorFlow's padding by F.pad,
                                               in float64
positions MODEL WEIGHTS OUT SIZE NEW_SIZE      a transformer brought to another image size
"""
import collections
import copy
import sys

try:
    import numpy as np
    import torch
    import torch.nn.functional as F
    import torchvision
    from torch import nn
    from torchvision.models.vision_transformer import interpolate_embeddings
except ImportError as fault:
    print(fault, file=sys.stderr)
    sys.exit(77)

import simple_safetensors
from cifar_resnet import CifarResNet
from graft_nano import GraftNano

CLASSES = 10
WITH_AUXILIARY = ("googlenet", "inception_v3")
RESIDUAL_BLOCKS = ("BasicBlock", "Bottleneck", "InvertedResidual", "_InvertedResidual", "MBConv",
                   "FusedMBConv", "ResBottleneckBlock", "Block")


def build(name, classes=CLASSES, size=224):
    """torchvision's network. The fully connected layers of VGG and AlexNet are exchanged for a mean
    and one linear layer, as they are in Graft."""
    if name.startswith("cifar_resnet"):
        return CifarResNet(int(name[len("cifar_resnet"):]), classes)
    if name == "graft_nano":
        return GraftNano(classes)
    options = {}
    if name.startswith("vit"):
        options = {"image_size": size}
    if name in WITH_AUXILIARY:
        options = {"transform_input": True, "init_weights": False}
    model = getattr(torchvision.models, name)(num_classes=classes, **options)
    if name.startswith("vgg") or name == "alexnet":
        model.avgpool = nn.AdaptiveAvgPool2d(1)
        model.classifier = nn.Linear(256 if name == "alexnet" else 512, classes)
    return model


def classifier_of(model):
    """What Graft replaces by its own head."""
    parts = [getattr(model, name) for name in ("fc", "classifier", "head", "heads", "linear",
                                               "aux1", "aux2", "AuxLogits") if hasattr(model, name)]
    if isinstance(model, torchvision.models.ConvNeXt):
        parts = [model.classifier[2]]
    return nn.ModuleList(parts)


def numpy_of(tensors):
    return {name: tensor.detach().contiguous().numpy() for name, tensor in tensors.items()}


def pictures(count, size):
    """Smooth noise, like a photo more than white noise is."""
    coarse = torch.randn(count, 3, size // 8, size // 8)
    fine = torch.randn(count, 3, size, size)
    return F.interpolate(coarse, size=(size, size), mode="bilinear") + 0.3 * fine


def last_norms(block):
    """The norm that ends a residual branch, if there is one."""
    return [module for name, module in block.named_modules()
            if isinstance(module, nn.BatchNorm2d)
            and not name.startswith(("downsample", "proj"))][-1:]


def bring_to_life(model, x):
    """Random scales and biases, running statistics of real passes, and a head whose answers to x
    have a spread of about 1. A norm that ends a residual branch is scaled down, as in a trained
    network: otherwise a rounding error of the first layer grows from block to block and no two
    programs agree on its gradient."""
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
            if isinstance(module, nn.Linear):
                module.weight.normal_(0, module.in_features ** -0.5)
            if isinstance(module, (nn.Conv2d, nn.Linear)) and module.bias is not None:
                module.bias.normal_(0, 0.1)
            if isinstance(module, (nn.BatchNorm2d, nn.LayerNorm)):
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_(0, 0.2)
            if isinstance(module, (nn.Dropout, torchvision.ops.StochasticDepth)):
                module.p = 0.0
        for module in model.modules():
            if type(module).__name__ in RESIDUAL_BLOCKS and "shufflenet" not in module.__module__:
                for norm in last_norms(module):
                    norm.weight.mul_(0.2)
        for name, parameter in model.named_parameters():
            if name.endswith(("class_token", "pos_embedding", "relative_position_bias_table",
                              "in_proj_bias")):
                parameter.normal_(0, 0.5)
            if name.endswith("layer_scale"):
                parameter.uniform_(0.1, 0.5)
        measure_statistics(model, x.shape[-1])
        model.eval()
        head = [m for m in model.modules() if isinstance(m, (nn.Linear, nn.Conv2d))][-1]
        head.weight.div_(model(x).std())


def measure_statistics(model, size):
    """Only the norms are in training mode: auxiliary classifiers need pictures of full size."""
    model.eval()
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.train()
        norm.momentum = None  # the plain mean over all passes
    for _ in range(3 if norms else 0):
        model(pictures(6, size))


def settings_of(model):
    """What state_dict does not tell: eps and momentum of norms, probability of stochastic depth."""
    found = {}
    for name, module in model.named_modules():
        if name.startswith(("aux", "Aux")):
            continue
        if isinstance(module, nn.BatchNorm2d):
            found["settings/" + name] = torch.tensor([module.eps, module.momentum]).double()
        elif isinstance(module, nn.LayerNorm):
            found["settings/" + name] = torch.tensor([module.eps]).double()
        elif isinstance(module, torchvision.ops.StochasticDepth):
            found["settings/" + name] = torch.tensor([module.p]).double()
    return found


def gradients(model, x, target):
    model.train()
    F.cross_entropy(model(x), target).backward()
    return {parameter: tensor.grad for parameter, tensor in model.named_parameters()}


def outputs_of(model, nodes, answers):
    """Keeps what each node gives in the next pass. Copied: the next layer may work in place."""
    def keep(node):
        def hook(module, inputs, output):
            picture = output.dim() == 4
            nhwc = picture and isinstance(model, torchvision.models.SwinTransformer)
            answers["node/" + node] = (output.permute(0, 3, 1, 2) if nhwc else output).clone()
        return hook
    return [model.get_submodule(node).register_forward_hook(keep(node)) for node in nodes if node]


def described_input(name, x):
    """What Graft's preprocessing gives where torchvision's network transforms its own input: pixels
    p that are (p - mean) / std for torchvision are (p - 0.5) / 0.5 for Graft."""
    if name not in WITH_AUXILIARY:
        return x
    mean = torch.tensor([0.485, 0.456, 0.406], dtype=torch.float64).view(3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225], dtype=torch.float64).view(3, 1, 1)
    return (x * std + mean - 0.5) / 0.5


def save_as_torch(state, weights):
    """In both containers of PyTorch."""
    torch.save(state, weights + ".zip.pth")
    torch.save(state, weights + ".old.pth", _use_new_zipfile_serialization=False)


def alive(name, weights, out, size, nodes, with_gradients):
    torch.manual_seed(20240607)
    torch.set_num_threads(2)
    model = build(name, size=size)
    answers = settings_of(model)
    x = pictures(3, size)
    bring_to_life(model, x)
    simple_safetensors.write(weights, numpy_of(model.state_dict()))
    save_as_torch(model.state_dict(), weights)
    model.eval()
    precise = copy.deepcopy(model).double()
    hooks = outputs_of(precise, nodes, answers)
    with torch.no_grad():
        logits = precise(x.double())
    for hook in hooks:
        hook.remove()
    spread = float(logits.std())
    if not 0.1 <= spread <= 100:
        sys.exit(f"the reference is not alive: logits have a standard deviation of {spread}")
    target = torch.arange(3) * 2
    answers.update({"input": described_input(name, x.double()), "logits": logits,
                    "target": target})
    for kind, dtype in (("grad32/", torch.float32), ("grad64/", torch.float64)):
        if with_gradients:
            network = copy.deepcopy(model).to(dtype)
            for parameter, gradient in gradients(network, x.to(dtype), target).items():
                answers[kind + parameter] = gradient
    simple_safetensors.write(out, numpy_of(answers))


class PaddedAsTensorFlow(torch.nn.Module):
    def __init__(self, conv):
        super().__init__()
        self.conv = conv
        self.conv.padding = (0, 0)

    def forward(self, x):
        kernel, stride = self.conv.kernel_size[0], self.conv.stride[0]
        sides = []
        for size in (x.shape[3], x.shape[2]):
            total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            sides += [total // 2, total - total // 2]
        return self.conv(F.pad(x, sides))


def replace_convolutions(module):
    for name, child in module.named_children():
        if isinstance(child, torch.nn.Conv2d) and child.stride[0] > 1:
            setattr(module, name, PaddedAsTensorFlow(child))
        else:
            replace_convolutions(child)


def read_state(weights):
    return {name: torch.from_numpy(np.array(value))
            for name, value in simple_safetensors.read(weights).items()}


def tf_same(name, weights, out, size):
    torch.manual_seed(7)
    state = read_state(weights)
    classes = state[max(key for key in state if key.startswith("classifier."))].shape[0]
    model = build(name, classes)
    state = collections.OrderedDict(state)
    state._metadata = model.state_dict()._metadata  # MNASNet asks for its version
    model.load_state_dict(state)
    # In float64 a difference is one of the networks, not of the order of additions.
    model.double().eval()
    x = pictures(2, size).double()
    with torch.no_grad():
        symmetric = model(x)
        replace_convolutions(model)
        logits = model(x)
    simple_safetensors.write(out, numpy_of({"input": x, "logits": logits, "symmetric": symmetric}))


def positions(name, weights, out, size, new_size):
    torch.manual_seed(11)
    model = build(name, size=size)
    bring_to_life(model, pictures(2, size))
    simple_safetensors.write(weights, numpy_of(model.state_dict()))
    resized = build(name, size=new_size)
    resized.load_state_dict(interpolate_embeddings(new_size, resized.patch_size,
                                                   model.state_dict()))
    x = pictures(2, new_size)
    with torch.no_grad():
        logits = resized.eval()(x)
    simple_safetensors.write(out, numpy_of({"input": x, "logits": logits}))


if __name__ == "__main__":
    kind, model_name, weights_path, out_path, image_size = sys.argv[1:6]
    if kind == "alive":
        alive(model_name, weights_path, out_path, int(image_size), sys.argv[6].split(","),
              sys.argv[7] == "yes")
    elif kind == "tf-same":
        tf_same(model_name, weights_path, out_path, int(image_size))
    else:
        positions(model_name, weights_path, out_path, int(image_size), int(sys.argv[6]))
