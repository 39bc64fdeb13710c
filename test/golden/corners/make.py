#!/usr/bin/python3
"""Makes the pictures of this folder, and what Pillow gives for them. Debian's python3-pil; run in this folder.

Every case says which Pillow it was made with. Where a case has a background, the expectation is Image.new("RGB", size, background)
with the picture pasted under its own opacity.
"""
import hashlib, io, json, math, random, struct, sys, zlib
import PIL
from PIL import Image, ImageFile, ImageOps

VERSION = "Pillow " + PIL.__version__ + " (Debian python3-pil)"
rng = random.Random(11)
cases = []


def noise(n):
    return bytes(rng.randrange(256) for _ in range(n))


def smooth(mode, w, h):
    bands = len(mode)
    return Image.frombytes(mode, (w, h), bytes((x * 5 + y * 3 + c * 40 + (x * y) % 7) % 256 for y in range(h) for x in range(w) for c in range(bands)))


def case(name, data, background=None):
    image = Image.open(io.BytesIO(data))
    image = ImageOps.exif_transpose(image)
    if background:
        over = image.convert("RGBA")
        result = Image.new("RGB", over.size, background)
        result.paste(over, mask=over.getchannel("A"))
    else:
        result = image.convert("RGB")
    with open(name, "wb") as file:
        file.write(data)
    entry = {"file": name, "width": result.width, "height": result.height, "pillow": VERSION,
             "rgb_sha256": hashlib.sha256(result.tobytes()).hexdigest()}
    if background:
        entry["background"] = list(background)
    cases.append(entry)


def saved(image, format, **options):
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


# PNG: EXIF as text, wrong checksums.
def chunk(name, data, wrong=False):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data) ^ wrong)


def png(more=b"", wrong_data=False, wrong_end=False, after=b""):
    w, h = 7, 5
    rows = b"".join(b"\0" + noise(3 * w) for _ in range(h))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, 8, 2, 0, 0, 0)) + more
            + chunk(b"IDAT", zlib.compress(rows), wrong_data) + after + chunk(b"IEND", b"", wrong_end))


def profile(orientation, prefix):
    tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0" + bytes([orientation]) + b"\0\0\0\0\0\0\0"
    block = prefix + tiff
    digits = block.hex()
    lines = "\n".join(digits[i:i + 72] for i in range(0, len(digits), 72))
    return ("\nexif\n%8d\n%s\n" % (len(block), lines)).encode()


case("raw_profile_text.png", png(chunk(b"tEXt", b"Raw profile type exif\0" + profile(6, b"Exif\0\0"))))
case("raw_profile_deflated.png", png(chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(profile(3, b"Exif\0\0")))))
case("raw_profile_after.png", png(after=chunk(b"tEXt", b"Raw profile type exif\0" + profile(8, b"Exif\0\0"))))
case("idat_checksum.png", png(wrong_data=True))
case("iend_checksum.png", png(wrong_end=True))
case("after_checksum.png", png(after=chunk(b"tEXt", b"Comment\0x", True)))


# BMP: run lengths that do not fit, files without a file header.
def bmp(w, h, bits, compression, palette, data, file_header=True):
    info = struct.pack("<IiiHHIIiiII", 40, w, h, 1, bits, compression, len(data), 0, 0, len(palette) // 4, 0)
    start = 14 + len(info) + len(palette)
    head = b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start) if file_header else b""
    return head + info + palette + data


colors = noise(16 * 4)
case("rle8_run_beyond_its_row.bmp", bmp(5, 3, 8, 1, colors, bytes([9, 1, 0, 0, 5, 2, 0, 0, 5, 3, 0, 1])))
case("rle8_literals_beyond_their_row.bmp", bmp(5, 3, 8, 1, colors, bytes([0, 7, 1, 2, 3, 4, 5, 6, 7, 0, 3, 8, 0, 0, 5, 9, 0, 1])))
# A move, (0, 2, x, y), is not here: this Pillow reads two bytes too many for it, and later ones do not.
case("rle4_odd_literals.bmp", bmp(5, 2, 4, 2, colors, bytes([0, 5, 0x12, 0x34, 0x50, 0, 0, 0, 5, 0x67, 0, 1])))
case("rle4_runs.bmp", bmp(5, 2, 4, 2, colors, bytes([7, 0x12, 0, 0, 3, 0x45, 2, 0x67, 0, 1])))
case("rle8_no_end.bmp", bmp(4, 2, 8, 1, colors, bytes([4, 1, 0, 0, 4, 2])))
case("rgb.dib", bmp(5, 3, 24, 0, b"", noise(48), file_header=False))
case("palette.dib", bmp(5, 3, 4, 0, colors, noise(12), file_header=False))


# GIF: code sizes beyond the standard's 8.
def gif(bits, indices):
    clear, end = 1 << bits, (1 << bits) + 1
    codes, size, following, first = [], bits + 1, clear + 2, True
    codes.append((clear, size))
    for index in indices:
        codes.append((index, size))
        if not first and following < 4096:
            if following == (1 << size) - 1 and size < 12:
                size += 1
            following += 1
        first = False
    codes.append((end, size))
    value = shift = 0
    for code, width in codes:
        value |= code << shift
        shift += width
    data = value.to_bytes((shift + 7) // 8, "little")
    blocks = b"".join(bytes([len(data[i:i + 255])]) + data[i:i + 255] for i in range(0, len(data), 255)) + b"\0"
    w = 8
    return (b"GIF89a" + struct.pack("<HHBBB", w, len(indices) // w, 0xF7, 0, 0) + noise(768)
            + b"," + struct.pack("<HHHHB", 0, 0, w, len(indices) // w, 0) + bytes([bits]) + blocks + b";")


for bits in (9, 11, 12):
    case("code_size_%d.gif" % bits, gif(bits, [rng.randrange(256 if bits < 11 else 600) for _ in range(64)]))

# Damaged files, and indices beyond the palette. They have a generator of their own, so that the cases around them stay as they are.
own = random.Random(12)
state = rng.getstate()


def own_noise(n):
    return bytes(own.randrange(256) for _ in range(n))


for compression, bits in ((1, 8), (2, 4)):
    name, found = "rle%d_damaged_%%d.bmp" % bits, 0
    while found < 4:
        data = own_noise(2 * own.randrange(10, 24) + 1).replace(b"\0\2", b"\0\3")
        data = bytes(b if own.random() < 0.5 else b & 7 for b in data).replace(b"\0\2", b"\0\5")
        try:
            case(name % found, bmp(7, 5, bits, compression, own_noise(16 * 4), data))
            found += 1
        except ValueError:  # not enough image data
            continue

few = own_noise(3 * 4)
for bits, row in ((2, b"\x1b"), (4, b"\x01\x23\x45\xaf"), (8, bytes([0, 1, 2, 3, 4, 100, 200, 255]))):
    head = struct.pack(">IIBBBBB", len(row) * 8 // bits, 1, bits, 3, 0, 0, 0)
    case("short_palette_%d.png" % bits, b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"PLTE", few[:9])
         + chunk(b"IDAT", zlib.compress(b"\0" + row)) + chunk(b"IEND", b""))
case("short_palette.bmp", bmp(8, 1, 4, 0, few, b"\x01\x23\x45\xaf"))
case("short_palette.gif", b"GIF89a" + struct.pack("<HHBBB", 3, 1, 0x80, 0, 0) + few[:6]
     + b"," + struct.pack("<HHHHB", 0, 0, 3, 1, 0) + bytes([8, 8]) + sum(
         c << 9 * i for i, c in enumerate((256, 1, 256, 7, 256, 200, 257))).to_bytes(8, "little") + b"\0;")
for depth, entry in ((24, 3), (16, 2)):
    case("short_palette_%d.tga" % depth, struct.pack("<BBBHHBHHHHBB", 2, 1, 1, 0, 4, depth, 0, 0, 8, 1, 8, 0x20) + b"id"
         + own_noise(4 * entry) + bytes([0, 1, 2, 3, 4, 100, 200, 255]))

words = b"Raw profile type exif\0%s\0en\0Exif\0"
case("raw_profile_international.png", png(chunk(b"iTXt", words % b"\0" + profile(6, b"Exif\0\0"))))
case("raw_profile_international_deflated.png",
     png(after=chunk(b"iTXt", words.replace(b"%s\0", b"\1\0") + zlib.compress(profile(8, b"Exif\0\0")))))
rng.setstate(state)


# JPEG: bytes of the compressed data replaced, and restart markers exchanged, doubled and lost.
def damaged(name, data, places):
    scan, end, found = data.index(b"\xff\xda") + 14, len(data) - 2, 0
    while found < 3:
        bad = bytearray(data)
        for _ in range(places):
            bad[own.randrange(scan, end)] = own.randrange(256)
        try:
            case("%s_%d.jpg" % (name, found), bytes(bad))
            found += 1
        except OSError:  # a marker in the data that no decoder knows
            continue


for name, options in (("420", {"subsampling": 2}), ("444", {"subsampling": 0}), ("420_optimized", {"subsampling": 2, "optimize": True}),
                      ("progressive", {"progressive": True})):
    damaged("damaged_" + name, saved(smooth("RGB", 37, 29), "JPEG", quality=60, **options), 2)
with open("../images/jpgx_rst1_64x64.jpg", "rb") as file:
    restarts = file.read()
damaged("damaged_restarts", restarts, 3)
first, second = (restarts.index(bytes([0xFF, 0xD0 + i])) for i in (0, 1))
case("damaged_restarts_end_early.jpg", restarts[:first - 9] + restarts[first:])
case("damaged_restarts_lost.jpg", restarts[:first] + restarts[first + 2:])
case("damaged_restarts_lost_two.jpg", restarts[:first] + restarts[second + 2:])
case("damaged_restarts_exchanged.jpg", restarts[:first + 1] + b"\xd2" + restarts[first + 2:])
case("damaged_restarts_far.jpg", restarts[:first + 1] + b"\xd4" + restarts[first + 2:])
case("damaged_restarts_twice.jpg", restarts[:second] + restarts[first:first + 2] + restarts[second:])

# TGA.
for mode in ("L", "LA", "RGB", "RGBA"):
    for rle in (False, True):
        for origin in (-1, 1):
            name = "%s%s%s.tga" % (mode.lower(), "_rle" if rle else "", "_top" if origin > 0 else "")
            case(name, saved(smooth(mode, 19, 13), "TGA", compression="tga_rle" if rle else None, orientation=origin))
case("palette.tga", saved(smooth("RGB", 19, 13).quantize(40), "TGA"))
case("rgb15.tga", struct.pack("<BBBHHBHHHHBB", 0, 0, 2, 0, 0, 0, 0, 0, 9, 7, 16, 0x20) + noise(2 * 63))


# PSD: the flat picture.
def psd(channels, bits, compression, w=11, h=6, sections=(b"", b"8BIM\x03\xed\0\0\0\0\0\4abcd", b"")):
    planes = [noise(w * h * bits // 8) for _ in range(channels)]
    if compression:
        rows = [bytes([w - 1]) + plane[y * w:(y + 1) * w] for plane in planes for y in range(h)]
        data = b"".join(struct.pack(">H", len(row)) for row in rows) + b"".join(rows)
    else:
        data = b"".join(planes)
    return (b"8BPS" + struct.pack(">H6xHIIHH", 1, channels, h, w, bits, 3)
            + b"".join(struct.pack(">I", len(s)) + s for s in sections) + struct.pack(">H", compression) + data)


for compression in (0, 1):
    for channels in (3, 4):
        case("rgb%d%s.psd" % (channels, "_rle" if compression else ""), psd(channels, 8, compression))

# Opacity laid over a background.
color = (200, 30, 90)
alpha = smooth("RGBA", 19, 13)
case("alpha.png", saved(alpha, "PNG"), color)
case("alpha_gray.png", saved(alpha.convert("LA"), "PNG"), color)
case("alpha_palette.png", saved(smooth("RGB", 19, 13).quantize(30), "PNG", transparency=bytes(range(0, 250, 10))), color)
case("alpha_color.png", saved(Image.new("RGB", (5, 4), (1, 2, 3)), "PNG", transparency=(1, 2, 3)), color)
case("alpha_lossless.webp", saved(alpha, "WEBP", lossless=True, exact=True), color)
case("alpha_lossy.webp", saved(alpha, "WEBP", quality=60), color)
case("alpha.gif", saved(smooth("RGB", 19, 13).quantize(30), "GIF", transparency=3), color)
case("alpha.tga", saved(alpha, "TGA"), color)

# Progressive JPEG without its last scans: libjpeg estimates coefficients that are not there.
def segment(marker, data):
    return bytes([255, marker]) + struct.pack(">H", len(data) + 2) + data


def scans(data):
    """What is before the first scan, and each scan with its tables."""
    parts, start, at, in_scan = [], 0, 2, False
    while True:
        at = data.index(b"\xff", at)
        marker = data[at + 1]
        if marker == 0:
            at += 2
            continue
        if in_scan or marker == 0xC4 and not parts:
            parts.append(data[start:at])
            start, in_scan = at, False
        if marker == 0xD9:
            return parts
        in_scan = marker == 0xDA
        at += 2 + struct.unpack(">H", data[at + 2:at + 4])[0]


def progressive(mode, w, h, **options):
    bands = len(mode)
    image = Image.new(mode, (w, h))
    for y in range(h):
        for x in range(w):
            waves = [int(128 + 90 * math.sin(x * (c + 2) / 17 + y * y / 300) + 30 * math.cos(x * y / 40 + c)) for c in range(bands)]
            image.putpixel((x, y), tuple(waves))
    return scans(saved(image, "JPEG", progressive=True, **options))


def first_scans(name, parts, count):
    case("scans_%s_%d.jpg" % (name, count), b"".join(parts[:1 + count]) + b"\xff\xd9")


def dc_scans(w, h, factors, order):
    """A file of nothing but DC coefficients, at random; order has for each scan its components and the bit (Al) that it goes down to."""
    wide, high = max(x for x, _ in factors), max(y for _, y in factors)
    data = b"\xff\xd8" + segment(0xDB, b"\0" + bytes(range(5, 69)))
    frame = b"".join(bytes([i, x << 4 | y, 0]) for i, (x, y) in enumerate(factors))
    data += segment(0xC2, struct.pack(">BHHB", 8, h, w, len(factors)) + frame)
    data += segment(0xC4, b"\0\0\0\0\x0b" + bytes(12) + bytes(range(11)))  # a code of 4 bits for each size from 0 to 10
    for parts, low in order:
        data += segment(0xDA, bytes([len(parts)]) + b"".join(bytes([i, 0]) for i in parts) + bytes([0, 0, low]))
        if len(parts) == 1:
            x, y = factors[parts[0]]
            blocks = parts * (-(-w * x // (8 * wide)) * -(-h * y // (8 * high)))
        else:
            blocks = [i for i in parts for _ in range(factors[i][0] * factors[i][1])] * (-(-w // (8 * wide)) * -(-h // (8 * high)))
        bits, before = "", dict.fromkeys(parts, 0)
        for i in blocks:
            value = rng.randrange(-180, 180) >> low
            difference = value - before[i]
            before[i] = value
            size = abs(difference).bit_length()
            bits += format(size, "04b")
            if size:
                bits += format(difference if difference > 0 else difference + (1 << size) - 1, "b").zfill(size)
        bits += "1" * (-len(bits) % 8)
        data += int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
    return data + b"\xff\xd9"


for count in (1, 2, 4, 5, 7):
    first_scans("420", progressive("RGB", 53, 37, quality=60), count)
for count in (1, 3, 6):
    first_scans("444", progressive("RGB", 37, 29, quality=80, subsampling=0), count)
for count in (1, 2, 3):
    first_scans("gray", progressive("L", 41, 51, quality=40), count)
first_scans("422", progressive("RGB", 37, 29, subsampling=1), 1)
first_scans("cmyk", progressive("CMYK", 29, 19), 2)
first_scans("two_blocks_wide", progressive("RGB", 30, 70), 1)
first_scans("two_blocks_wide_gray", progressive("L", 9, 33), 2)
first_scans("one_block", progressive("L", 7, 5), 1)
parts = progressive("RGB", 37, 29)
case("scans_no_ac_of_chroma.jpg", b"".join(parts[:3] + parts[5:8] + parts[10:]) + b"\xff\xd9")
parts = progressive("L", 41, 51)
at = parts[0].index(b"\xff\xdb") + 5
first_scans("divisor_of_0", [parts[0][:at + 3] + b"\0" + parts[0][at + 4:]] + parts[1:], 1)
case("scans_dc_separate.jpg", dc_scans(45, 61, [(2, 2), (1, 1), (1, 1)], [([0], 0), ([2], 1), ([1], 3)]))
case("scans_dc_four_rows.jpg", dc_scans(21, 110, [(1, 4), (1, 1), (1, 2)], [([0, 1, 2], 0)]))
case("scans_dc_two_mcu_rows.jpg", dc_scans(40, 57, [(1, 4), (1, 1), (1, 1)], [([0, 1, 2], 2)]))
case("scans_dc_three_rows.jpg", dc_scans(40, 65, [(1, 3), (1, 1), (1, 1)], [([0, 1, 2], 0)]))

with open("expected.json", "w") as file:
    json.dump({"about": __doc__.strip().split("\n\n")[1].replace("\n", " "), "cases": cases}, file, indent=1)
    file.write("\n")
print(len(cases))
