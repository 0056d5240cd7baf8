"""Writes small pictures in every format that is read, and for each the RGB that PIL sees.

usage: make_pictures.py FOLDER
FOLDER/manifest.json: a list of {file, width, height, tolerance}; the expected pixels of FILE are
in FILE.rgb (rows of R, G, B).
"""
import io
import json
import os
import struct
import sys
import zlib

try:
    import numpy as np
    from PIL import Image, ImageOps
except ImportError as missing:
    sys.stderr.write(f"missing Python package: {missing}\n")
    sys.exit(77)

out = sys.argv[1]
os.makedirs(out, exist_ok=True)
W, H = 29, 21
y, x = np.mgrid[0:H, 0:W]
base = np.stack([40 + 6 * x, 250 - 9 * y, 20 + 5 * ((x * 2 + y * 3) % 40)], 2).astype(np.uint8)
rgb = Image.fromarray(base)
grey = Image.fromarray(base[:, :, 0])
alpha = np.clip(20 + 8 * x + 3 * y, 0, 255).astype(np.uint8)
rgba = Image.fromarray(np.dstack([base, alpha]))
manifest = []


def on_white(picture):
    picture = picture.convert("RGBA")
    white = Image.new("RGBA", picture.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, picture).convert("RGB")


def expect(name, picture, tolerance=0):
    pixels = np.asarray(picture.convert("RGB") if hasattr(picture, "convert") else picture)
    with open(os.path.join(out, name + ".rgb"), "wb") as file:
        file.write(pixels.astype(np.uint8).tobytes())
    manifest.append({"file": name, "width": pixels.shape[1], "height": pixels.shape[0],
                     "tolerance": tolerance})


def put(name, data):
    with open(os.path.join(out, name), "wb") as file:
        file.write(data)


def saved(picture, name, **options):
    picture.save(os.path.join(out, name), **options)
    return Image.open(os.path.join(out, name))


def scaled(values):
    values = np.maximum(np.asarray(values, dtype=np.float64), 0)
    level = np.floor(values * 255.0 / values.max() + 0.5)
    return level if level.ndim == 3 else np.repeat(level[:, :, None], 3, 2)


def oriented(number):
    exif = Image.Exif()
    exif[0x0112] = number
    return exif


# JPEG: PIL uses the same library, so the pixels are the same.
expect("plain.jpg", saved(rgb, "plain.jpg", quality=90))
expect("full-chroma.jpg", saved(rgb, "full-chroma.jpg", quality=95, subsampling=0))
expect("progressive.jpg", saved(rgb, "progressive.jpg", quality=85, progressive=True))
expect("restart.jpg", saved(rgb, "restart.jpg", quality=85, optimize=True))
expect("grey.jpg", saved(grey, "grey.jpg", quality=90))
expect("cmyk.jpg", saved(rgb.convert("CMYK"), "cmyk.jpg", quality=95), 1)
for n in range(1, 9):
    name = f"turned-{n}.jpg"
    expect(name, ImageOps.exif_transpose(saved(rgb, name, quality=90, exif=oriented(n))))

# PNG
expect("plain.png", saved(rgb, "plain.png"))
expect("grey.png", saved(grey, "grey.png"))
expect("bit.png", saved(grey.convert("1"), "bit.png"))
expect("palette.png", saved(rgb.quantize(16), "palette.png"))
expect("alpha.png", on_white(saved(rgba, "alpha.png")), 1)
expect("grey-alpha.png", on_white(saved(rgba.convert("LA"), "grey-alpha.png")), 1)
p = rgb.quantize(16)
expect("palette-alpha.png", on_white(saved(p, "palette-alpha.png", transparency=bytes(range(0, 256, 16)))), 1)
expect("turned-6.png", ImageOps.exif_transpose(saved(rgb, "turned-6.png", exif=oriented(6))))
key = tuple(int(v) for v in base[3, 5])
expect("colour-key.png", on_white(saved(rgb, "colour-key.png", transparency=key)), 0)
grey16 = (base[:, :, 0].astype(np.uint16) * 11 + 3)
grey16[0, 0] = 0
Image.fromarray(grey16.astype(np.int32), "I").convert("I;16").save(os.path.join(out, "deep.png"))
expect("deep.png", scaled(grey16))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(
        ">I", zlib.crc32(kind + data) & 0xFFFFFFFF)


def png16(pixels, colour_type, extra=b""):
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", W, H, 16, colour_type, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


deep = base.astype(np.uint16) * 13
put("deep-rgb.png", png16(deep.reshape(H, W * 3), 2))
expect("deep-rgb.png", scaled(deep))
a16 = alpha.astype(np.uint16) * 257
put("deep-rgba.png", png16(np.dstack([deep, a16]).reshape(H, W * 4), 6))
share = (a16 / 65535.0)[:, :, None]
colour = np.asarray(deep, float) * 255 / deep.max()
expect("deep-rgba.png", np.floor(colour * share + 255 * (1 - share) + 0.5), 1)

# BMP
expect("plain.bmp", saved(rgb, "plain.bmp"))
expect("grey.bmp", saved(grey, "grey.bmp"))
expect("bit.bmp", saved(grey.convert("1"), "bit.bmp"))
expect("palette.bmp", saved(rgb.quantize(200), "palette.bmp"))
rgba.save(os.path.join(out, "fourth-byte.bmp"))
expect("fourth-byte.bmp", rgb)
rows = b"".join(np.dstack([base[r:r + 1, :, ::-1]]).tobytes().ljust((W * 3 + 3) // 4 * 4, b"\0")
                for r in range(H))
put("top-down.bmp", b"BM" + struct.pack("<IHHI", 54 + len(rows), 0, 0, 54) + struct.pack(
    "<IiiHHIIiiII", 40, W, -H, 1, 24, 0, len(rows), 0, 0, 0, 0) + rows)
expect("top-down.bmp", rgb)

# TIFF
expect("plain.tif", saved(rgb, "plain.tif"))
expect("lzw.tif", saved(rgb, "lzw.tif", compression="tiff_lzw"))
expect("deflate.tif", saved(rgb, "deflate.tif", compression="tiff_adobe_deflate"))
expect("grey.tif", saved(grey, "grey.tif"))
expect("bit.tif", saved(grey.convert("1"), "bit.tif", compression="group4"))
expect("palette.tif", saved(rgb.quantize(64), "palette.tif"))
expect("alpha.tif", on_white(saved(rgba, "alpha.tif")), 2)
expect("cmyk.tif", saved(rgb.convert("CMYK"), "cmyk.tif"), 2)
Image.fromarray(grey16).save(os.path.join(out, "deep.tif"))
expect("deep.tif", scaled(grey16))
flo = (base[:, :, 0].astype(np.float32) - 60.0) / 7.0
Image.fromarray(flo, "F").save(os.path.join(out, "float.tif"))
expect("float.tif", scaled(flo), 1)
rgb.save(os.path.join(out, "pages.tif"), save_all=True, append_images=[grey.resize((9, 9))])
expect("pages.tif", rgb)
for n in range(1, 9):
    name = f"turned-{n}.tif"
    rgb.save(os.path.join(out, name), tiffinfo={274: n})
    turn = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # PIL's transpose codes
    expect(name, rgb.transpose(turn[n]) if n in turn else rgb)
    name = f"turned-deep-{n}.tif"
    Image.fromarray(grey16).save(os.path.join(out, name), tiffinfo={274: n})
    level = Image.fromarray(scaled(grey16).astype(np.uint8))
    expect(name, level.transpose(turn[n]) if n in turn else level)


def tiff16(pixels, photometric, order):
    data = pixels.astype(order + "u2").tobytes()
    samples = pixels.shape[2] if pixels.ndim == 3 else 1
    tags = [(256, 3, 1, W), (257, 3, 1, H), (258, 3, 1, 16), (259, 3, 1, 1),
            (262, 3, 1, photometric), (273, 4, 1, 0), (277, 3, 1, samples), (278, 3, 1, H),
            (279, 4, 1, len(data))]
    start = 8 + 2 + 12 * len(tags) + 4
    body = struct.pack(order + "H", len(tags))
    for tag, kind, count, value in tags:
        value = start if tag == 273 else value
        field = struct.pack(order + "HH", value, 0) if kind == 3 else struct.pack(order + "I", value)
        body += struct.pack(order + "HHI", tag, kind, count) + field
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8)
    return head + body + struct.pack(order + "I", 0) + data


put("deep-big-endian.tif", tiff16(grey16, 1, ">"))
expect("deep-big-endian.tif", scaled(grey16))
put("deep-white-zero.tif", tiff16(grey16, 0, "<"))
expect("deep-white-zero.tif", 255 - scaled(grey16), 1)

# WebP
expect("lossless.webp", saved(rgb, "lossless.webp", lossless=True))
expect("lossy.webp", saved(rgb, "lossy.webp", quality=90), 1)
expect("alpha.webp", on_white(saved(rgba, "alpha.webp", lossless=True, exact=True)), 1)
expect("turned-6.webp", ImageOps.exif_transpose(
    saved(rgb, "turned-6.webp", lossless=True, exif=oriented(6))))

# Known, but not read
rgb.quantize(16).save(os.path.join(out, "other.gif"))
rgb.save(os.path.join(out, "other.ppm"))
rgb.save(os.path.join(out, "other.ico"), sizes=[(16, 16)])
rgb.save(os.path.join(out, "animated.webp"), save_all=True, append_images=[rgb.rotate(90)])

# A photo-like big JPEG for reduced decoding.
big = rgb.resize((640, 400), Image.BICUBIC)
saved(big, "big.jpg", quality=92)
json.dump(manifest, open(os.path.join(out, "manifest.json"), "w"))
