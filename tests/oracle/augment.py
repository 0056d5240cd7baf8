"""torchvision's own answer for single changes of a picture.

usage: augment.py FOLDER PICTURE SIDE
PICTURE holds SIDE x SIDE rows of R, G, B. Writes FOLDER/OP.rgb for each OP of manifest.json.
"""
import json
import os
import sys

try:
    import numpy as np
    import torch
    from torchvision.transforms import functional as F
    from torchvision.transforms import InterpolationMode
    from torchvision.transforms.functional import _get_perspective_coeffs
except ImportError as missing:
    sys.stderr.write(f"missing Python package: {missing}\n")
    sys.exit(77)

out, path, side = sys.argv[1], sys.argv[2], int(sys.argv[3])
os.makedirs(out, exist_ok=True)
pixels = np.fromfile(path, dtype=np.uint8).reshape(side, side, 3)
picture = torch.from_numpy(pixels).permute(2, 0, 1)
manifest = []


def expect(name, tensor, **numbers):
    tensor.permute(1, 2, 0).contiguous().numpy().tofile(os.path.join(out, name + ".rgb"))
    manifest.append(dict(file=name + ".rgb", op=name.split("-")[0], **numbers))


expect("hflip", F.hflip(picture), value=0)
expect("vflip", F.vflip(picture), value=0)
for i, value in enumerate([0.0, 0.4, 0.93, 1.0, 1.6]):
    expect(f"brightness-{i}", F.adjust_brightness(picture, value), value=value)
    expect(f"contrast-{i}", F.adjust_contrast(picture, value), value=value)
    expect(f"saturation-{i}", F.adjust_saturation(picture, value), value=value)
for i, value in enumerate([-0.5, -0.21, -0.02, 0.0, 0.13, 0.4, 0.5]):
    expect(f"hue-{i}", F.adjust_hue(picture, value), value=value)
for i, value in enumerate([0.3, 0.8, 1.5, 3.0]):
    size = 2 * int(np.ceil(3 * value)) + 1
    expect(f"blur-{i}", F.gaussian_blur(picture, [size, size], [value, value]), value=value)
for i, (angle, scale, dx, dy) in enumerate([(0, 1, 5, -3), (30, 1, 0, 0), (-75, 1.2, 0, 0),
                                            (12, 0.9, 4, 7)]):
    moved = F.affine(picture, angle, [dx, dy], scale, [0.0, 0.0],
                     interpolation=InterpolationMode.BILINEAR)
    expect(f"affine-{i}", moved, angle=angle, scale=scale, dx=dx, dy=dy, value=0)
last = side - 1
start = [[0, 0], [last, 0], [last, last], [0, last]]
end = [[5, 3], [last - 8, 6], [last - 2, last - 9], [7, last - 1]]
expect("perspective", F.perspective(picture, start, end,
                                    interpolation=InterpolationMode.BILINEAR),
       value=0, end=end)
json.dump(manifest, open(os.path.join(out, "manifest.json"), "w"))
