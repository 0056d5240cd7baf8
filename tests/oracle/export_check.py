"""Judges exported packages with torch, torchvision and PIL, none of which is ours.

export_check.py pictures FOLDER
    draws pictures of many sizes as PNG files and lists them as JSON.
export_check.py check REQUEST.json
    {"package", "backbone", "pictures", "probabilities", "state", "resize", "input", "mean",
    "std", "snippet"}; prints what it found as JSON.
"""

import json
import os
import re
import subprocess
import sys

import numpy as np
import torch
import torchvision
import torchvision.transforms.functional as F
from PIL import Image

SIZES = [(411, 300), (300, 411), (224, 224), (256, 256), (257, 256), (97, 61), (640, 479),
         (1001, 203), (31, 130), (1600, 1201)]


def draw_pictures(folder):
    random = np.random.RandomState(4)
    names = []
    for number, (width, height) in enumerate(SIZES):
        small = random.randint(0, 256, (5, 7, 3)).astype(np.uint8)
        smooth = np.array(Image.fromarray(small).resize((width, height), Image.BICUBIC), np.int32)
        noise = random.randint(-40, 41, (height, width, 3))
        picture = np.clip(smooth + noise, 0, 255).astype(np.uint8)
        name = os.path.join(folder, "picture%02d.png" % number)
        Image.fromarray(picture).save(name)
        names.append(name)
    print(json.dumps(names))


def pixels_of(name):
    return torch.from_numpy(np.array(Image.open(name).convert("RGB"))).permute(2, 0, 1)


def reference_input(pixels, request):
    """torchvision's own evaluation transform of a picture file."""
    picture = Image.fromarray(pixels.permute(1, 2, 0).contiguous().numpy())
    view = F.pil_to_tensor(F.center_crop(F.resize(picture, request["resize"]), request["input"]))
    return F.normalize(view.float() / 255, request["mean"], request["std"])


def grey_levels_off(model, pixels, request):
    difference = (model.preprocess(pixels)[0] - reference_input(pixels, request)).abs()
    return difference * torch.tensor(request["std"]).view(3, 1, 1) * 255


def torchvision_names(backbone):
    if backbone in ("small_cnn", "graft_nano"):
        return None
    model = getattr(torchvision.models, backbone)(weights=None)
    kept = [k for k in model.state_dict() if not k.startswith(("fc.", "classifier."))]
    return sorted(kept + ["head.weight", "head.bias", "head.input_mean", "head.input_scale"])


def snippet_answer(package, picture):
    """Runs the Python code of the model card as it stands there."""
    card = open(os.path.join(package, "README.md"), encoding="utf-8").read()
    code = re.search(r"```python\n(.*?)```", card, re.S).group(1)
    code = code.replace("picture.jpg", picture)
    done = subprocess.run([sys.executable, "-c", code], cwd=package, check=True,
                          capture_output=True, text=True)
    return done.stdout.strip().rsplit(" ", 1)


def check(request):
    package = request["package"]
    extra = {"labels.txt": "", "config.json": ""}
    model = torch.jit.load(os.path.join(package, "model.pt"), _extra_files=extra)
    labels = open(os.path.join(package, "labels.txt"), encoding="utf-8").read().split("\n")[:-1]
    pictures = [pixels_of(name) for name in request["pictures"]]
    expected = torch.tensor(request["probabilities"], dtype=torch.float64)
    result = {"torch": torch.__version__}
    with torch.no_grad():
        answers = torch.cat([model.predict(p) for p in pictures]).double()
        result["difference"] = float((answers - expected).abs().max())
        result["same_top1"] = int((answers.argmax(1) == expected.argmax(1)).sum())
        result["spread"] = float(answers.std(0).max())
        swapped = torch.cat([model.predict(p.flip(0)) for p in pictures]).double()
        result["swapped_channels"] = float((swapped - expected).abs().max())

        levels = torch.cat([grey_levels_off(model, p, request).flatten() for p in pictures])
        result["levels_off"] = float(levels.max())

        batches = 0.0
        for count in (1, 2, 5):
            variants = [pictures[0].roll(17 * i, dims=2) for i in range(count)]
            single = torch.cat([model(v) for v in variants])
            together = model(torch.stack(variants))
            assert together.shape == (count, len(labels)), together.shape
            batches = max(batches, float((single - together).abs().max()))
            assert torch.equal(torch.softmax(together, 1), model.predict(torch.stack(variants)))
        result["batches"] = batches
        as_float = model(pictures[0].float())
        result["float_input"] = float((as_float - model(pictures[0])).abs().max())
        for wrong in (torch.zeros(1, 4, 30, 30), torch.zeros(30, 30), torch.zeros(3, 0, 4)):
            try:
                model(wrong)
                raise SystemExit("accepted a picture of shape %s" % (tuple(wrong.shape),))
            except torch.jit.Error:
                pass

    names = sorted(model.state_dict())
    result["state_is_ours"] = names == sorted(request["state"])
    theirs = torchvision_names(request["backbone"])
    result["state_is_torchvisions"] = theirs is None or names == theirs
    result["inside"] = (extra["labels.txt"].decode() if isinstance(extra["labels.txt"], bytes)
                        else extra["labels.txt"]).split("\n")[:-1] == labels
    json.loads(extra["config.json"])

    if request["snippet"]:
        label, probability = snippet_answer(package, request["pictures"][0])
        best = int(expected[0].argmax())
        result["snippet"] = label == labels[best] and abs(
            float(probability) - float(expected[0, best])) <= 1e-4
    print(json.dumps(result))


if __name__ == "__main__":
    torch.set_num_threads(max(1, len(os.sched_getaffinity(0))))
    if sys.argv[1] == "pictures":
        draw_pictures(sys.argv[2])
    else:
        check(json.load(open(sys.argv[2], encoding="utf-8")))
