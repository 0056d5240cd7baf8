"""Answers of torchvision's own networks.

alive MODEL WEIGHTS OUT      random weights, brought to life; logits and gradients
tf-same WEIGHTS_IN OUT SIZE  mobilenet_v2 of a file with TensorFlow's padding by F.pad
"""
import copy
import sys

try:
    import numpy as np
    import torch
    import torch.nn.functional as F
    import torchvision
except ImportError as fault:
    print(fault, file=sys.stderr)
    sys.exit(77)

import simple_safetensors

CLASSES = 10


def numpy_of(tensors):
    return {name: tensor.detach().contiguous().numpy() for name, tensor in tensors.items()}


def pictures(count, size):
    """Smooth noise, like a photo more than white noise is."""
    coarse = torch.randn(count, 3, size // 8, size // 8)
    fine = torch.randn(count, 3, size, size)
    return F.interpolate(coarse, size=(size, size), mode="bilinear") + 0.3 * fine


def bring_to_life(model, size):
    """Random scales and biases, head included, and running statistics of real passes. A norm that
    ends a residual branch is scaled down, as in a trained network: otherwise a rounding error of
    the first layer grows from block to block and no two programs agree on its gradient."""
    with torch.no_grad():
        for name, module in model.named_modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                ends_branch = name.endswith((".bn2", ".bn3", ".conv.3"))
                module.weight.uniform_(0.5, 1.5).mul_(0.2 if ends_branch else 1.0)
                module.bias.normal_(0, 0.2)
                module.momentum = None  # the plain mean over all passes
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
            if isinstance(module, torch.nn.Conv2d) and module.bias is not None:
                module.bias.normal_(0, 0.1)
        head = [m for m in model.modules() if isinstance(m, (torch.nn.Linear, torch.nn.Conv2d))][-1]
        fan_in = head.weight[0].numel()
        head.weight.normal_(0, 2.0 / fan_in ** 0.5)
        head.bias.normal_(0.5, 0.5)
        model.train()
        for _ in range(6):
            model(pictures(6, size))


def gradients(model, x, target):
    model.train()
    F.cross_entropy(model(x), target).backward()
    return {parameter: tensor.grad for parameter, tensor in model.named_parameters()}


def alive(name, weights, out):
    torch.manual_seed(20240607)
    torch.set_num_threads(2)
    size = 64
    model = getattr(torchvision.models, name)(num_classes=CLASSES)
    bring_to_life(model, size)
    simple_safetensors.write(weights, numpy_of(model.state_dict()))
    x = pictures(3, size)
    model.eval()
    with torch.no_grad():
        logits = model(x)
    spread = float(logits.std())
    if not 0.1 <= spread <= 100:
        sys.exit(f"the reference is not alive: logits have a standard deviation of {spread}")
    target = torch.arange(3) * 2
    answers = {"input": x, "logits": logits, "target": target}
    for kind, dtype in (("grad32/", torch.float32), ("grad64/", torch.float64)):
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


def tf_same(weights, out, size):
    torch.manual_seed(7)
    state = {name: torch.from_numpy(np.array(value))
             for name, value in simple_safetensors.read(weights).items()}
    classes = state["classifier.1.bias"].numel()
    model = torchvision.models.mobilenet_v2(num_classes=classes)
    model.load_state_dict(state)
    model.eval()
    x = pictures(2, size)
    with torch.no_grad():
        symmetric = model(x)
        replace_convolutions(model)
        logits = model(x)
    simple_safetensors.write(out, numpy_of({"input": x, "logits": logits, "symmetric": symmetric}))


if __name__ == "__main__":
    if sys.argv[1] == "alive":
        alive(*sys.argv[2:5])
    else:
        tf_same(sys.argv[2], sys.argv[3], int(sys.argv[4]))
