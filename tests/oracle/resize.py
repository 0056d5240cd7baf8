"""What PIL, torchvision and LibTorch make of pictures.

usage: resize.py FOLDER PICTURE...
For picture number N writes FOLDER/N-WxH-FILTER.rgb for several sizes (PIL) and
FOLDER/N-view-R-S.rgb (torchvision Resize(R) and CenterCrop(S)), and a manifest.json of
{file, source, kind, width, height, resize}.
"""
import json
import os
import sys

try:
    from PIL import Image
    from torchvision import transforms
except ImportError as missing:
    sys.stderr.write(f"missing Python package: {missing}\n")
    sys.exit(77)

out = sys.argv[1]
os.makedirs(out, exist_ok=True)
manifest = []


def expect(name, source, kind, picture, resize=0):
    with open(os.path.join(out, name), "wb") as file:
        file.write(picture.tobytes())
    manifest.append({"file": name, "source": source, "kind": kind, "width": picture.width,
                     "height": picture.height, "resize": resize})


FULL = 14  # so many pictures in all sizes, the others as the network sees them


def expect_views(number, path, picture, sizes):
    for resize, side in sizes:
        for kind, filter in (("view-bilinear", transforms.InterpolationMode.BILINEAR),
                             ("view-bicubic", transforms.InterpolationMode.BICUBIC)):
            resized = transforms.Resize(resize, interpolation=filter)(picture)
            view = transforms.CenterCrop(side)(resized)
            expect(f"{number}-{kind}-{resize}-{side}.rgb", path, kind, view, resize)


for number, path in enumerate(sys.argv[2:]):
    picture = Image.open(path).convert("RGB")
    if number >= FULL:
        expect_views(number, path, picture, [(256, 224)])
        continue
    for width, height in [(224, 224), (128, 96), (33, 77), (700, 650), (1, 1),
                          (picture.width, 50), (picture.width, picture.height)]:
        for kind, filter in (("bilinear", Image.BILINEAR), ("bicubic", Image.BICUBIC)):
            small = picture.resize((width, height), filter)
            expect(f"{number}-{width}x{height}-{kind}.rgb", path, kind, small)
    expect_views(number, path, picture, [(256, 224), (96, 96), (65, 64), (224, 223)])
json.dump(manifest, open(os.path.join(out, "manifest.json"), "w"))
