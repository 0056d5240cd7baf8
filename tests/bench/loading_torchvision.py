"""Decode + augment + batch as torchvision's scripts do it, one epoch for each line that it is told.

    loading_torchvision.py FOLDER [--size 224] [--workers 0] [--batch 32]

Every line but "quit" runs an epoch. The answer is a line of JSON: images, seconds of wall clock and
of CPU. See compare_loading.
"""
import argparse
import json
import sys
import time

import torch
from torchvision import datasets, transforms


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--batch", type=int, default=32)
    options = parser.parse_args()
    torch.set_num_threads(1)
    data = datasets.ImageFolder(options.folder, transforms.Compose([
        transforms.RandomResizedCrop(options.size),
        transforms.RandomHorizontalFlip(),
        transforms.ToTensor(),
        transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ]))
    loader = torch.utils.data.DataLoader(data, batch_size=options.batch, shuffle=True,
                                         num_workers=options.workers)
    for line in sys.stdin:
        if line.strip() == "quit":
            break
        wall, cpu, images = time.perf_counter(), time.process_time(), 0
        for pixels, _ in loader:
            images += len(pixels)
        print(json.dumps({"images": images, "wall": time.perf_counter() - wall,
                          "cpu": time.process_time() - cpu}), flush=True)


main()
