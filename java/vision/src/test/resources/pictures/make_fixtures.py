#!/usr/bin/env python3
"""Makes the pictures of every kind beside it, and what Pillow makes of them.

    python3 -m venv v && v/bin/pip install pillow==11.1.0 numpy && v/bin/python make_fixtures.py

kinds.zip.gz is an uncompressed zip, compressed whole, of the files, and for each NAME its NAME.clip and NAME.imagenet: the
8-bit HWC pixels of both recipes at SIZE.
"""
import gzip
import io
import sys
import zipfile
from pathlib import Path

import numpy
from PIL import Image

HERE = Path(__file__).resolve().parent
SIZE = 40
RESIZED = 46  # 256 / 224 of it


def resized(size, shorter):
    width, height = size
    if width <= height:
        return shorter, int(shorter * height / width)
    return int(shorter * width / height), shorter


def cropped(image):
    left, top = int(round((image.width - SIZE) / 2.0)), int(round((image.height - SIZE) / 2.0))
    return image.crop((left, top, left + SIZE, top + SIZE))


def resize(image, shorter, how):
    size = resized(image.size, shorter)
    return image if size == image.size else image.resize(size, how)


def clip(image):
    return cropped(resize(image, SIZE, Image.BICUBIC)).convert("RGB").tobytes()


def imagenet(image):
    return cropped(resize(image.convert("RGB"), RESIZED, Image.BILINEAR)).tobytes()


random = numpy.random.default_rng(6)


def noise(width, height, bands=3, mode=None):
    shape = (height, width, bands) if bands > 1 else (height, width)
    return Image.fromarray(random.integers(0, 256, shape, dtype=numpy.uint8), mode)


def encoded(image, form, **options):
    out = io.BytesIO()
    image.save(out, form, **options)
    return bytearray(out.getvalue())


def pictures():
    photo = Image.open(HERE / "../../../../../../examples/photo.jpg").convert("RGB")
    wide, tall = photo.resize((101, 67), Image.LANCZOS), photo.resize((59, 83), Image.LANCZOS)
    square = photo.resize((64, 64), Image.LANCZOS)
    alpha = wide.copy()
    alpha.putalpha(Image.fromarray(numpy.linspace(0, 255, wide.width).astype(numpy.uint8)[None].repeat(wide.height, 0)))
    yield "rgb.png", encoded(noise(61, 43), "PNG")
    yield "grey.png", encoded(tall.convert("L"), "PNG")
    yield "bilevel.png", encoded(wide.convert("1"), "PNG")
    for bits, value in ((2, 3), (4, 15)):
        levels = Image.fromarray(random.integers(0, value + 1, (40, 70), dtype=numpy.uint8), "P")
        levels.putpalette(bytes(sum(([i * 255 // value] * 3 for i in range(value + 1)), [])))
        data = encoded(levels, "PNG", bits=bits)
        yield f"palette{bits}.png", data
        yield f"grey{bits}.png", grey(data)
    yield "grey_alpha.png", encoded(noise(50, 80, 2, "LA"), "PNG")
    yield "rgba.png", encoded(alpha, "PNG")
    yield "rgba_noise.png", encoded(noise(70, 60, 4, "RGBA"), "PNG")
    yield "palette.png", encoded(wide.quantize(90), "PNG")
    yield "palette_two.png", encoded(wide.quantize(2), "PNG")
    yield "palette_transparent.png", encoded(wide.quantize(30), "PNG", transparency=3)
    yield "palette_alphas.png", encoded(wide.quantize(30), "PNG", transparency=bytes([0, 128, 200]))
    yield "rgb_transparent.png", encoded(wide, "PNG", transparency=(1, 2, 3))
    yield "grey16.png", encoded(Image.fromarray(random.integers(0, 2000, (60, 80)).astype(numpy.uint16)), "PNG")
    yield "grey16_dark.png", encoded(Image.fromarray((numpy.arange(4800).reshape(60, 80) // 16).astype(numpy.uint16)), "PNG")
    yield "interlaced.png", interlaced(noise(37, 29))
    for width, height in ((1, 1), (1, 50), (300, 1), (3, 3), (5, 900)):
        yield f"tiny_{width}x{height}.png", encoded(noise(width, height), "PNG")
    for name, image in (("wide", wide), ("tall", tall)):
        for sampling in ("4:4:4", "4:2:2", "4:2:0", "4:1:1"):
            for quality in (30, 90):
                yield f"{name}_{sampling.replace(':', '')}_{quality}.jpg", encoded(image, "JPEG", quality=quality,
                                                                                  subsampling=sampling)
    yield "grey.jpg", encoded(wide.convert("L"), "JPEG", quality=80)
    yield "progressive.jpg", encoded(wide, "JPEG", quality=80, progressive=True)
    yield "rgb.jpg", encoded(wide, "JPEG", quality=80, keep_rgb=True)
    cmyk = encoded(wide.convert("CMYK"), "JPEG", quality=80)
    yield "cmyk.jpg", cmyk
    at = cmyk.index(b"Adobe")
    yield "cmyk_unmarked.jpg", cmyk[:at - 4] + cmyk[at + 12:]
    ycck = bytearray(cmyk)
    ycck[at + 11] = 2
    yield "ycck.jpg", ycck
    plain = encoded(wide, "JPEG", quality=80, subsampling=0)
    at = plain.index(b"JFIF")
    yield "unmarked.jpg", plain[:at - 4] + plain[at + 14:]
    # Twice the columns declared to be twice the rows: as many blocks of a square picture, with other contents.
    for name, progressive, marker in (("440", False, b"\xff\xc0"), ("440_progressive", True, b"\xff\xc2")):
        turned = encoded(square, "JPEG", quality=80, subsampling=1, progressive=progressive)
        turned[turned.index(marker) + 11] = 0x12
        yield f"{name}.jpg", turned
    turned = Image.Exif()
    turned[274] = 6
    yield "turned.jpg", encoded(wide, "JPEG", quality=80, exif=turned)
    yield "palette.gif", encoded(wide.quantize(100), "GIF")
    yield "grey.gif", encoded(wide.convert("L"), "GIF")
    yield "interlaced.gif", encoded(wide.quantize(20), "GIF", interlace=1)
    yield "transparent.gif", encoded(wide.quantize(20), "GIF", transparency=2)
    yield "smaller_frame.gif", smaller_frame(encoded(wide.quantize(20), "GIF"))
    yield "rgb.bmp", encoded(tall, "BMP")
    yield "palette.bmp", encoded(tall.quantize(100), "BMP")
    yield "grey.bmp", encoded(tall.convert("L"), "BMP")
    yield "bilevel.bmp", encoded(tall.convert("1"), "BMP")
    yield "rgba.bmp", encoded(noise(40, 30, 4, "RGBA"), "BMP")
    yield "rgb.tif", encoded(tall, "TIFF", compression="tiff_lzw")
    yield "deflate.tif", encoded(tall, "TIFF", compression="tiff_deflate")
    yield "jpeg.tif", encoded(wide, "TIFF", compression="jpeg")
    yield "grey.tif", encoded(tall.convert("L"), "TIFF")
    yield "grey16.tif", encoded(Image.fromarray(random.integers(0, 900, (50, 40)).astype(numpy.uint16)), "TIFF")
    yield "grey_alpha.tif", encoded(noise(40, 30, 2, "LA"), "TIFF")
    yield "bilevel.tif", encoded(tall.convert("1"), "TIFF", compression="group4")
    yield "cmyk.tif", encoded(tall.convert("CMYK"), "TIFF", compression="tiff_lzw")
    yield "rgba.tif", encoded(noise(40, 30, 4, "RGBA"), "TIFF")
    yield "palette.tif", encoded(tall.quantize(100), "TIFF")
    yield "lossless.webp", encoded(wide, "WEBP", lossless=True)
    yield "rgba.webp", encoded(noise(40, 30, 4, "RGBA"), "WEBP", lossless=True)


def chunk(kind, data):
    import struct
    import zlib
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def grey(palette):
    """The same indices as levels of grey."""
    header = bytearray(palette[16:29])
    header[9] = 0
    at = palette.index(b"IDAT") - 4
    return bytes(palette[:8]) + chunk(b"IHDR", bytes(header)) + bytes(palette[at:])


def interlaced(image):
    """Adam7, which Pillow reads and does not write."""
    import struct
    import zlib
    pixels = numpy.asarray(image)
    rows = b""
    for top, left, down, right in ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2),
                                   (1, 0, 2, 1)):
        for row in pixels[top::down, left::right]:
            rows += b"\0" + row.tobytes() if row.size else b""
    header = struct.pack(">IIBBBBB", image.width, image.height, 8, 2, 0, 0, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def smaller_frame(data):
    """On a screen that is larger than the frame, which lies off its corner."""
    width, height = int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")
    data[6:10] = (width + 9).to_bytes(2, "little") + (height + 7).to_bytes(2, "little")
    at = data.index(b"\x2c\0\0\0\0" + width.to_bytes(2, "little"))
    data[at + 1:at + 5] = (4).to_bytes(2, "little") + (2).to_bytes(2, "little")
    return data


def main():
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as out:
        for name, data in pictures():
            def put(ending, contents):
                out.writestr(zipfile.ZipInfo(name + ending), bytes(contents))

            def opened():
                return Image.open(io.BytesIO(bytes(data)))

            put("", data)
            put(".clip", clip(opened()))
            put(".imagenet", imagenet(opened()))
    # No time in it, so that the same pictures are the same file.
    (HERE / "kinds.zip.gz").write_bytes(gzip.compress(archive.getvalue(), 9, mtime=0))
    print((HERE / "kinds.zip.gz").stat().st_size, "bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
