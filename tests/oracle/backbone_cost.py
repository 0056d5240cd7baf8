"""For the catalog: each network's parameters without its classifier, and the multiply-adds of one
picture as a multiple of squeezenet1_1's at 224 px.

backbone_cost.py [NAME:SIZE ...]
"""
import sys

import torch
from torch import nn
from torchvision.models.swin_transformer import ShiftedWindowAttention

from backbone_reference import build, classifier_of


def cost(name, size):
    model = build(name).eval()
    total = 0

    def count(module, inputs, output):
        nonlocal total
        if isinstance(module, nn.Conv2d):
            total += output.numel() * module.weight[0].numel()
        elif isinstance(module, nn.Linear):
            total += output.numel() * module.in_features
        elif isinstance(module, nn.MultiheadAttention):
            tokens, width = output[0].shape[1:]
            total += tokens * width * (4 * width + 2 * tokens)
        elif isinstance(module, ShiftedWindowAttention):
            rows, columns, width = output.shape[1:]
            positions = -(-rows // 7) * 7 * -(-columns // 7) * 7
            total += positions * width * (4 * width + 2 * 49)

    head = classifier_of(model)
    in_head = {id(module) for module in head.modules()}
    for module in model.modules():
        if id(module) not in in_head:
            module.register_forward_hook(count)
    with torch.no_grad():
        model(torch.zeros(1, 3, size, size))
    names = {id(p) for p in head.parameters()}
    return sum(p.numel() for p in model.parameters() if id(p) not in names), total


if __name__ == "__main__":
    unit = cost("squeezenet1_1", 224)[1]
    for argument in sys.argv[1:]:
        name, size = argument.split(":")
        parameters, total = cost(name, int(size))
        print(f"{name} {parameters} {total / unit:.2f}", flush=True)
