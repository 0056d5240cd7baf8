"""Graft's own small network, written in PyTorch from its description in
core/nn/families/graft_nano.cpp."""
import torch
import torch.nn.functional as F
from torch import nn


class Group(nn.Module):
    def __init__(self, before, width, first):
        super().__init__()
        if first:
            self.whiten = nn.Conv2d(before, 24, 2, bias=False)
            before = 24
        self.conv1 = nn.Conv2d(before, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)

    def forward(self, x):
        if hasattr(self, "whiten"):
            x = F.relu(self.whiten(x))
        x = F.relu(self.bn1(F.max_pool2d(self.conv1(x), 2)))
        return F.relu(self.bn2(self.conv2(x)))


class GraftNano(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        before = 3
        for number, width in enumerate((48, 96, 192, 384), 1):
            setattr(self, f"layer{number}", Group(before, width, number == 1))
            before = width
        self.fc = nn.Linear(before, num_classes)

    def forward(self, x):
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))
