"""Fine-tunes a torchvision network the way its tutorials and reference scripts do: what a user
would run instead of Graft. compare.py starts it; it prints one line of JSON an epoch.

Default: float32, two worker processes. Tuned, as an expert would: --bf16 --channels-last, workers
that stay, and whatever number of workers and threads compare.py finds best.
"""
import argparse
import contextlib
import copy
import json
import sys
import time

import numpy as np
import torch
import torchvision
from torchvision import transforms as T

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", help="folder with train and val, one folder a class in each")
    parser.add_argument("--network", default="resnet18")
    parser.add_argument("--freeze", default="none", help="backbone, or parameter prefixes with commas")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--image-size", type=int, default=224)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--steps", type=int, default=0, help="only so many steps, for a trial")
    parser.add_argument("--save", default="", help="where the best weights go")
    parser.add_argument("--weights", default="", help="pretrained ones, safetensors; the last layer "
                                                      "starts anew")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def loaders(args):
    size = args.image_size
    augmented = T.Compose([T.RandomResizedCrop(size), T.RandomHorizontalFlip(), T.ToTensor(),
                           T.Normalize(MEAN, STD)])
    plain = T.Compose([T.Resize(size * 256 // 224), T.CenterCrop(size), T.ToTensor(),
                       T.Normalize(MEAN, STD)])
    sets = {}
    for split, transform in (("train", augmented), ("val", plain)):
        folder = torchvision.datasets.ImageFolder(args.data + "/" + split, transform)
        sets[split] = torch.utils.data.DataLoader(
            folder, batch_size=args.batch_size, shuffle=split == "train",
            num_workers=args.workers, persistent_workers=args.workers > 0)
    return sets


def prefixes(freeze):
    """Graft's names of stages as torchvision's: "stem" of a ResNet, "features.4-6"."""
    for name in freeze.split(","):
        if name == "stem":
            yield from ("conv1.", "bn1.")
        elif "-" in name:
            base, span = name.rsplit(".", 1)
            first, last = span.split("-")
            yield from (f"{base}.{i}." for i in range(int(first), int(last) + 1))
        else:
            yield name + "."


def read_safetensors(path):
    """Name -> tensor. The format: length of a JSON header, the header, the numbers."""
    kinds = {"F32": np.float32, "F16": np.float16, "I64": np.int64}
    with open(path, "rb") as file:
        data = file.read()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__", None)
    return {name: torch.from_numpy(
                np.frombuffer(data[8 + size:][slice(*one["data_offsets"])], kinds[one["dtype"]])
                .reshape(one["shape"]).copy())
            for name, one in header.items()}


def build(args, classes):
    model = getattr(torchvision.models, args.network)(num_classes=classes)
    head = [name for name, _ in model.named_parameters()][-1].rsplit(".", 1)[0] + "."
    if args.weights:
        weights = {name: tensor for name, tensor in read_safetensors(args.weights).items()
                   if not name.startswith(head)}
        missing, unknown = model.load_state_dict(weights, strict=False)
        lacking = [name for name in missing
                   if not name.startswith(head) and not name.endswith("num_batches_tracked")]
        if lacking or unknown:
            raise SystemExit(f"{args.weights} is not for {args.network}: {lacking} {unknown}")
    if args.freeze == "backbone":
        for name, parameter in model.named_parameters():
            parameter.requires_grad = name.startswith(head)
    elif args.freeze != "none":
        frozen = tuple(prefixes(args.freeze))
        for name, parameter in model.named_parameters():
            parameter.requires_grad = not name.startswith(frozen)
    return model.to(memory_format=torch.channels_last) if args.channels_last else model


def precision(args):
    if args.bf16:
        return torch.autocast("cpu", dtype=torch.bfloat16)
    return contextlib.nullcontext()


def train_epoch(args, model, data, optimizer):
    model.train()
    seen = 0
    start = time.perf_counter()
    for step, (pictures, targets) in enumerate(data):
        if args.channels_last:
            pictures = pictures.contiguous(memory_format=torch.channels_last)
        optimizer.zero_grad(set_to_none=True)
        with precision(args):
            loss = torch.nn.functional.cross_entropy(model(pictures), targets)
        loss.backward()
        optimizer.step()
        seen += len(targets)
        if args.steps and step + 1 >= args.steps:
            break
    return seen / (time.perf_counter() - start), loss.item()


@torch.no_grad()
def validate(args, model, data):
    model.eval()
    right = count = 0
    for pictures, targets in data:
        if args.channels_last:
            pictures = pictures.contiguous(memory_format=torch.channels_last)
        with precision(args):
            right += (model(pictures).argmax(1) == targets).sum().item()
        count += len(targets)
    return right / count


def main():
    args = parse()
    torch.manual_seed(args.seed)
    if args.threads:
        torch.set_num_threads(args.threads)
    data = loaders(args)
    model = build(args, len(data["train"].dataset.classes))
    trainable = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(trainable, lr=0.01, momentum=0.9, nesterov=True, weight_decay=5e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, args.epochs)
    best, weights = -1.0, None
    for epoch in range(args.epochs):
        rate, loss = train_epoch(args, model, data["train"], optimizer)
        accuracy = -1.0 if args.steps else validate(args, model, data["val"])
        schedule.step()
        if accuracy > best:
            best, weights = accuracy, copy.deepcopy(model.state_dict())
        print(json.dumps({"epoch": epoch + 1, "images_per_second": rate, "loss": loss,
                          "accuracy": accuracy}), flush=True)
    if args.save and weights is not None:
        torch.save(weights, args.save)
    return 0


if __name__ == "__main__":
    sys.exit(main())
