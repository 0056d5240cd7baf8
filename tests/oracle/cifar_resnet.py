"""The ResNets for pictures of 32 px, written from the paper (section 4.2, shortcuts of option A)
with the names of github.com/akamaster/pytorch_resnet_cifar10: torchvision has none."""
import torch
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    def __init__(self, before, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(before, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.stride = stride
        self.missing = width - before

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.missing:
            x = x[:, :, ::self.stride, ::self.stride]
            zeros = x.new_zeros(x.shape[0], self.missing // 2, *x.shape[2:])
            x = torch.cat([zeros, x, zeros], 1)
        return F.relu(x + y)


class CifarResNet(nn.Module):
    def __init__(self, layers, num_classes):
        super().__init__()
        depth = (layers - 2) // 6
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.stem = nn.ReLU()
        before = 16
        for number, width in enumerate((16, 32, 64), 1):
            blocks = []
            for i in range(depth):
                blocks.append(Block(before, width, 2 if i == 0 and number > 1 else 1))
                before = width
            setattr(self, f"layer{number}", nn.Sequential(*blocks))
        self.linear = nn.Linear(64, num_classes)

    def forward(self, x):
        x = self.stem(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(x.mean((2, 3)))
