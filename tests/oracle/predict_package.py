"""Answers of an exported model.pt, by Python: argv = package folder, then pictures.

Prints one JSON list with {"file", "label", "probabilities"} per picture. Knows nothing of Graft: the
pictures are decoded by PIL, turned upright and given as RGB; labels.txt names the outputs.
"""
import json
import sys

import numpy
import torch
from PIL import Image, ImageOps

folder = sys.argv[1]
model = torch.jit.load(folder + "/model.pt").eval()
with open(folder + "/labels.txt", encoding="utf-8") as file:
    labels = file.read().split("\n")[:-1]
answers = []
with torch.no_grad():
    for path in sys.argv[2:]:
        picture = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
        pixels = torch.from_numpy(numpy.array(picture)).permute(2, 0, 1)[None]  # [1, 3, H, W] uint8
        probabilities = torch.softmax(model(pixels)[0], 0).tolist()
        assert len(probabilities) == len(labels)
        best = max(range(len(labels)), key=probabilities.__getitem__)
        answers.append({"file": path, "label": labels[best],
                        "probabilities": dict(zip(labels, probabilities))})
json.dump(answers, sys.stdout)
