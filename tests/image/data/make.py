"""Makes the pictures of this folder, and beside each NAME the NAME.ppm that Pillow and numpy read from it.

Usage: python make.py (with Pillow and numpy). `bad` gets files that must be refused, `resize` Pillow's bicubic
results. Where Pillow does not keep 16 bits or transparency as src/showo/image/image.h says, numpy computes the
expected bytes: v·255/65535 and alpha over white, both rounded.
"""
import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

HERE = Path(__file__).parent
WIDTH, HEIGHT = 19, 13
ADAM7 = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]


def scene(width=WIDTH, height=HEIGHT):
    """Smooth colours with a bright corner and a dark bar: no two rows, columns or corners are alike."""
    y, x = np.mgrid[0:height, 0:width].astype(float)
    rgb = np.stack([255 * x / max(width - 1, 1), 255 * y / max(height - 1, 1), 128 + 90 * np.sin(x / 3 + y / 2)], -1)
    rgb[: height // 3, : width // 4] = (250, 240, 20)
    rgb[:, 2 * width // 3] //= 4
    return rgb.round().astype(np.uint8)


def alpha():
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    return np.where(x < 3, 0, np.where(x > 15, 255, (x * 37 + y * 11) % 256)).astype(np.uint8)


def over_white(rgba):
    colour, a = rgba[..., :3].astype(int), rgba[..., 3:].astype(int)
    return ((colour * a + 255 * (255 - a) + 127) // 255).astype(np.uint8)


def write_ppm(path, rgb):
    path.parent.mkdir(exist_ok=True)
    height, width, _ = rgb.shape
    path.write_bytes(b"P6 %d %d 255\n" % (width, height) + np.ascontiguousarray(rgb, np.uint8).tobytes())


def write(name, data, expected=None):
    """Writes the file and what is expected of it: Pillow's reading, alpha over white, unless given."""
    (HERE / name).write_bytes(data)
    if expected is None:
        expected = over_white(np.array(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGBA")))
    write_ppm(HERE / f"{name}.ppm", expected)


def encoded(picture, kind, **options):
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(samples, depth=8, colour=2, interlaced=False, size=None, before=(), after=()):
    """A PNG of samples [H, W, C] as they stand, for what Pillow does not write."""
    def rows(part):
        return b"".join(b"\0" + row.astype(">u2" if depth == 16 else "u1").tobytes() for row in part) if part.size else b""

    passes = [samples[y::dy, x::dx] for y, x, dy, dx in ADAM7] if interlaced else [samples]
    width, height = size or (samples.shape[1], samples.shape[0])
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))), *before,
              (b"IDAT", zlib.compress(b"".join(map(rows, passes)), 9)), *after, (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*c) for c in chunks)


def make_png():
    rgb, a = scene(), alpha()
    picture = Image.fromarray(rgb)
    grey = picture.convert("L")
    palette = picture.quantize(16)
    write("rgb.png", encoded(picture, "PNG"), rgb)
    write("grey.png", encoded(grey, "PNG"))
    write("grey_alpha.png", encoded(Image.merge("LA", [grey, Image.fromarray(a)]), "PNG"))
    write("rgba.png", encoded(Image.fromarray(np.dstack([rgb, a])), "PNG"))
    write("palette.png", encoded(palette, "PNG", bits=4))
    write("palette_alpha.png", encoded(palette, "PNG", transparency=bytes(range(0, 256, 16))))
    write("colour_key.png", encoded(picture, "PNG", transparency=(250, 240, 20)))
    write("one_bit.png", encoded(picture.convert("1"), "PNG"))
    write("interlaced.png", png(rgb, interlaced=True))
    write("interlaced_1x1.png", png(rgb[:1, :1], interlaced=True))
    rgb16 = rgb.astype(int) * 257 + np.arange(WIDTH)[None, :, None] * 31 - 200
    rgb16 = rgb16.clip(0, 65535)
    eight = (rgb16 * 255 + 32767) // 65535
    a16 = a.astype(int) * 257
    write("rgb_16.png", png(rgb16, 16), eight)
    write("rgba_16.png", png(np.dstack([rgb16, a16]), 16, 6), over_white(np.dstack([eight, a])))
    write("grey_16.png", png(rgb16[..., :1], 16, 0), eight[..., [0, 0, 0]])
    text = [(b"tEXt", b"early\0one"), (b"zTXt", b"packed\0\0" + zlib.compress(b"two"))]
    late = [(b"iTXt", "late\0\0\0\0\0猫".encode())]
    write("texts.png", png(rgb, before=text, after=late), rgb)


def make_jpeg():
    picture = Image.fromarray(scene())
    write("rgb.jpg", encoded(picture, "JPEG", quality=90, subsampling=0))
    write("subsampled.jpg", encoded(picture, "JPEG", quality=80, subsampling=2))
    write("grey.jpg", encoded(picture.convert("L"), "JPEG", quality=90))
    write("progressive.jpg", encoded(picture, "JPEG", quality=90, progressive=True))
    cmyk = 255 - np.dstack([scene(), np.full((HEIGHT, WIDTH), 230, np.uint8)])
    write("cmyk.jpg", encoded(Image.fromarray(cmyk, "CMYK"), "JPEG", quality=95))
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif.endian = "<" if orientation % 2 else ">"
        exif[0x0112] = orientation
        write(f"orientation_{orientation}.jpg", encoded(picture, "JPEG", quality=90, exif=exif.tobytes()))


def make_webp():
    picture, transparent = Image.fromarray(scene()), Image.fromarray(np.dstack([scene(), alpha()]))
    write("lossy.webp", encoded(picture, "WEBP", quality=90))
    write("lossless.webp", encoded(picture, "WEBP", lossless=True))
    write("lossy_alpha.webp", encoded(transparent, "WEBP", quality=90))
    write("lossless_alpha.webp", encoded(transparent, "WEBP", lossless=True, exact=True))


def make_bad():
    folder = HERE / "bad"
    folder.mkdir(exist_ok=True)
    rgb = scene()
    good_png, jpeg = png(rgb), (HERE / "rgb.jpg").read_bytes()
    header = jpeg.index(b"\xff\xc0") + 5  # height and width of the frame
    sized_jpeg = lambda w, h: jpeg[:header] + struct.pack(">HH", h, w) + jpeg[header + 4:]
    progressive = (HERE / "progressive.jpg").read_bytes()
    frame = progressive.index(b"\xff\xc2") + 5
    canvas = lambda w, h: struct.pack("<I", w - 1)[:3] + struct.pack("<I", h - 1)[:3]
    extended = (HERE / "lossy_alpha.webp").read_bytes()
    at = extended.index(b"VP8X") + 12
    lossless = (HERE / "lossless.webp").read_bytes()
    bits = lossless.index(b"VP8L") + 9
    lossy = (HERE / "lossy.webp").read_bytes()
    key_frame = lossy.index(b"\x9d\x01\x2a") + 3
    data = good_png.index(b"IDAT")
    files = {
        "empty.png": b"",
        "text.png": b"This is no picture.\n",
        "signature.png": good_png[:8],
        "signature.jpg": jpeg[:3],
        "signature.webp": lossy[:12],
        "huge.png": png(rgb, size=(60000, 60000)),
        "huge_interlaced.png": png(rgb, interlaced=True, size=(60000, 60000)),
        "above_31_bits.png": png(rgb, size=(0xFFFFFFFF, 1)),
        "huge.jpg": sized_jpeg(60000, 60000),
        "huge_progressive.jpg": progressive[:frame] + struct.pack(">HH", 60000, 60000) + progressive[frame + 4:],
        "huge.webp": extended[:at] + canvas(60000, 60000) + extended[at + 6:],
        "huge_lossless.webp": lossless[:bits] + struct.pack("<I", 0x0FFFFFFF) + lossless[bits + 4:],
        "huge_lossy.webp": lossy[:key_frame] + struct.pack("<HH", 16383, 16383) + lossy[key_frame + 4:],
        "zero_width.png": png(rgb, size=(0, HEIGHT)),
        "zero_height.png": png(rgb, size=(WIDTH, 0)),
        "zero_width.jpg": sized_jpeg(0, HEIGHT),
        "zero_height.jpg": sized_jpeg(WIDTH, 0),
        "zero_width.webp": lossy[:key_frame] + struct.pack("<HH", 0, HEIGHT) + lossy[key_frame + 4:],
        "zero_height.webp": lossy[:key_frame] + struct.pack("<HH", WIDTH, 0) + lossy[key_frame + 4:],
        "header_crc.png": good_png[:29] + bytes([good_png[29] ^ 1]) + good_png[30:],
        "data_crc.png": good_png[:-16] + bytes([good_png[-16] ^ 1]) + good_png[-15:],
        "changed_data.png": good_png[:data + 40] + bytes([good_png[data + 40] ^ 16]) + good_png[data + 41:],
        "too_few_rows.png": png(rgb[:-1], size=(WIDTH, HEIGHT)),
        "no_end.png": good_png[:-12],
        "no_end.jpg": jpeg[:-2],
        "no_palette.png": png(rgb[..., :1], colour=3),
        "animated.webp": encoded(Image.fromarray(rgb), "WEBP", save_all=True, append_images=[Image.fromarray(rgb[::-1])]),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)


def make_resize():
    folder = HERE / "resize"
    sources = {"scene": (scene(37, 23), [(1, 1), (1, 30), (41, 1), (5, 41), (60, 7), (36, 24), (37, 11), (12, 23), (50, 31)]),
               "column": (scene(1, 23), [(1, 7), (4, 9), (3, 40)]), "row": (scene(37, 1), [(9, 1), (12, 5), (50, 2)]),
               "pixel": (scene(1, 1), [(6, 4)])}
    noise = (np.arange(24 * 16 * 3, dtype=np.uint32) * 2654435761 >> 13 & 1).astype(np.uint8).reshape(16, 24, 3) * 255
    sources["black_and_white"] = (noise, [(7, 5), (31, 29)])  # overshoots at both ends
    for name, (rgb, sizes) in sources.items():
        write_ppm(folder / f"{name}.ppm", rgb)
        for size in sizes:
            # Across, then down, as every Pillow before 13 does; later ones may take the other order.
            across = Image.fromarray(rgb).resize((size[0], rgb.shape[0]), Image.Resampling.BICUBIC)
            resized = across.resize(size, Image.Resampling.BICUBIC)
            write_ppm(folder / f"{name}_{size[0]}x{size[1]}.ppm", np.array(resized))


if __name__ == "__main__":
    make_png()
    make_jpeg()
    make_webp()
    make_bad()
    make_resize()
