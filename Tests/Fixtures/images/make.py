"""Makes the images of this folder, and what Pillow makes of them: `decoded.json` and `resized.json`. Run with Pillow 13 and NumPy: python3 make.py

Pixels of the PNGs are computed here, from the samples that were encoded, by the rules of the PNG specification; they are
compared with Pillow's wherever Pillow keeps transparency and 8 bits. Everything else comes from Pillow.
"""
import base64, io, json, pathlib, struct, zlib
import numpy as np
from PIL import Image, ImageOps

HERE = pathlib.Path(__file__).parent
W, H = 13, 9
decoded, crops, resizes, hashes = [], [], [], []


def text(a): return base64.b64encode(np.ascontiguousarray(a, np.uint8).tobytes()).decode()


def pattern(width, height):
    """A picture with edges, ramps and noise, `[height, width, 3]`; GraftImageTests draws the same."""
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing='ij')
    ramp = (x * (c + 1) + y * 2) % 256
    noise = (x * x * 7 + y * y * 13 + x * y * 3 + c * 85) % 256
    return np.where((x // 5 + y // 7) % 3 == 0, ramp, np.where((x // 5 + y // 7) % 3 == 1, noise, 255 * ((x // 5) % 2))).astype(np.uint8)


def over_white(rgba):
    """Pillow's integer formula."""
    return np.asarray(Image.alpha_composite(Image.new('RGBA', rgba.shape[1::-1], (255,) * 4), Image.fromarray(rgba)))[..., :3]


def record(name, data, pixels):
    (HERE / name).write_bytes(data)
    decoded.append({'file': name, 'width': pixels.shape[1], 'height': pixels.shape[0], 'rgb': text(pixels)})


# PNG: a small encoder, for Pillow writes neither every depth nor interlaced files.
def chunk(kind, data): return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))


def png(samples, depth, color, palette=None, transparency=None, interlaced=False, extra=b''):
    """`samples` is `[height, width, channels]`."""
    height, width, _ = samples.shape
    def rows(part):
        out = b''
        for number, row in enumerate(part):
            flat = row.reshape(-1).astype(np.int64)
            bits = ((flat[:, None] >> np.arange(depth - 1, -1, -1)) & 1).reshape(-1).astype(np.uint8)
            packed = np.packbits(bits)
            step = max(1, row.shape[1] * depth // 8)
            if number % 2 and depth >= 8:   # filter type 1, to use more than one
                left = np.concatenate([np.zeros(step, np.uint8), packed[:-step]])
                out += b'\1' + (packed - left).astype(np.uint8).tobytes()
            else:
                out += b'\0' + packed.tobytes()
        return out
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    parts = [samples[y::dy, x::dx] for x, y, dx, dy in passes] if interlaced else [samples]
    body = zlib.compress(b''.join(rows(p) for p in parts if p.size), 9)
    header = struct.pack('>IIBBBBB', width, height, depth, color, 0, 0, int(interlaced))
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + extra
            + (chunk(b'PLTE', palette.astype(np.uint8).tobytes()) if palette is not None else b'')
            + (chunk(b'tRNS', transparency) if transparency is not None else b'') + chunk(b'IDAT', body) + chunk(b'IEND', b''))


def eight_bit(samples, depth): return (samples >> 8 if depth == 16 else samples * 255 // (2 ** depth - 1)).astype(np.uint8)


def make_pngs():
    rng = np.random.default_rng(1)
    palette = rng.integers(0, 256, (16, 3))
    for color, channels, depths in ((0, 1, (1, 2, 4, 8, 16)), (2, 3, (8, 16)), (3, 1, (1, 2, 4, 8)), (4, 2, (8, 16)), (6, 4, (8, 16))):
        for depth in depths:
            for transparent in ((False, True) if color in (0, 2, 3) else (False,)):
                top = min(2 ** depth, 16) if color == 3 else 2 ** depth
                samples = rng.integers(0, top, (H, W, channels))
                samples[:, : W // 3] = samples[0, 0]          # a flat part, which is what becomes transparent
                if color in (4, 6): samples[2:4, :, -1], samples[4:6, :, -1] = 0, top - 1
                used, key = None, None
                if color == 3:
                    used = palette[:top]
                    alpha = np.full(top, 255); alpha[: min(top, 5)] = [0, 60, 255, 200, 128][: min(top, 5)]
                    rgba = np.dstack([used[samples[..., 0]], alpha[samples[..., 0]] if transparent else np.full((H, W), 255)])
                    if transparent: key = alpha[: min(top, 5)].astype(np.uint8).tobytes()
                else:
                    colors = samples if color in (0, 2) else samples[..., :-1]
                    shown = eight_bit(colors, depth)
                    shown = np.repeat(shown, 3, 2) if shown.shape[2] == 1 else shown
                    alpha = np.full((H, W), 255)
                    if color in (4, 6): alpha = eight_bit(samples[..., -1], depth)
                    if transparent:
                        key = b''.join(struct.pack('>H', int(v)) for v in samples[0, 0])
                        alpha = np.where((samples == samples[0, 0]).all(2), 0, 255)
                    rgba = np.dstack([shown, alpha])
                pixels = over_white(rgba.astype(np.uint8))
                for interlaced in (False, True):
                    kind = {0: 'gray', 2: 'rgb', 3: 'palette', 4: 'gray-alpha', 6: 'rgba'}[color]
                    data = png(samples, depth, color, used, key, interlaced)
                    record(f'{kind}-{depth}{"-trns" if transparent else ""}{"-interlaced" if interlaced else ""}.png', data, pixels)
                    im = Image.open(io.BytesIO(data))
                    if transparent and color == 2 and depth == 16 or im.mode.startswith('I'): continue
                    assert (over_white(np.asarray(im.convert('RGBA'))) == pixels).all() or (color == 0 and transparent), (color, depth)
    # Chunks that change no pixel: a text of 20 MB in 20 kB, which nobody has to read.
    note = chunk(b'zTXt', b'Comment\0\0' + zlib.compress(b' ' * 20_000_000, 9))
    record('text-bomb.png', png(pattern(W, H), 8, 2, extra=note), pattern(W, H))
    # Headers of images too large to decode, as openclipart has them; the pixel data is not there.
    huge = lambda w, h: b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', w, h, 8, 6, 0, 0, 0)) + chunk(b'IDAT', zlib.compress(b'\0' * 99))
    (HERE / 'header-623-megapixels.png').write_bytes(huge(20990, 29700))
    (HERE / 'header-long-side.png').write_bytes(huge(2_000_000, 20))


def jpeg(im, **options):
    out = io.BytesIO()
    im.save(out, 'JPEG', **options)
    return out.getvalue()


def make_jpegs():
    im = Image.fromarray(pattern(21, 17))
    cmyk = Image.fromarray(np.dstack([pattern(21, 17), pattern(21, 17)[..., 0] // 2]), 'CMYK')
    files = {
        'gray.jpg': jpeg(im.convert('L'), quality=85), 'ycbcr-444.jpg': jpeg(im, subsampling=0), 'ycbcr-422.jpg': jpeg(im, subsampling=1),
        'ycbcr-420.jpg': jpeg(im, subsampling=2), 'rgb.jpg': jpeg(im, keep_rgb=True), 'cmyk.jpg': jpeg(cmyk),
        'progressive.jpg': jpeg(im, progressive=True), 'progressive-gray.jpg': jpeg(im.convert('L'), progressive=True),
        'restart.jpg': jpeg(im, restart_marker_blocks=2),
    }
    at = files['cmyk.jpg'].index(b'Adobe') + 11
    files['ycck.jpg'] = files['cmyk.jpg'][:at] + b'\2' + files['cmyk.jpg'][at + 1:]   # the transform that the marker names
    for orientation in range(1, 9):
        exif = Image.Exif(); exif[0x112] = orientation
        files[f'orientation-{orientation}.jpg'] = jpeg(Image.fromarray(pattern(19, 12)), exif=exif)
    for name, data in files.items():
        record(name, data, np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert('RGB')))
    y, x = np.mgrid[0:700, 0:901]
    smooth = np.dstack([128 + 100 * np.sin(x / 50 + y / 90), 128 + 90 * np.cos(y / 40), 128 + 80 * np.sin((x - y) / 70)]).astype(np.uint8)
    (HERE / 'large.jpg').write_bytes(jpeg(Image.fromarray(smooth), quality=40))


def make_ppms():
    rng = np.random.default_rng(2)
    for white in (1, 15, 255, 1000, 65535):
        samples = rng.integers(0, white + 1, (H, W, 3))
        raster = samples.astype('>u2' if white > 255 else 'u1').tobytes()
        pixels = np.rint(samples / white * 255)
        data = b'P6\n%d %d\n%d\n' % (W, H, white) + raster
        assert (np.asarray(Image.open(io.BytesIO(data))) == pixels).all()
        record(f'white-{white}.ppm', data, pixels.astype(np.uint8))
    record('comments.ppm', b'P6 # one\n#two 7 8\n  13# three\r\n\t9\n#\n255\n' + pattern(W, H).tobytes(), pattern(W, H))


def crop(im, side, cut, filter=Image.BICUBIC):
    """What the reference preprocessing does to an RGB image; `[cut, cut, 3]`."""
    w, h = im.size; k = side / min(w, h)
    im = im.resize((max(side, round(w * k)), max(side, round(h * k))), filter); w, h = im.size
    l, t = (w - cut) // 2, (h - cut) // 2
    return np.asarray(im.crop((l, t, l + cut, t + cut)))


def fnv1a(a):
    value = 0xcbf29ce484222325
    for byte in np.ascontiguousarray(a).tobytes(): value = (value ^ byte) * 0x100000001b3 % 2 ** 64
    return f'{value:016x}'


def make_tables():
    for w, h, new_w, new_h in ((1, 1, 5, 3), (7, 5, 7, 5), (16, 12, 31, 23), (40, 30, 20, 15), (61, 47, 24, 19), (97, 31, 20, 31), (31, 97, 31, 20),
                               (50, 200, 25, 20), (30, 90, 40, 20), (333, 251, 17, 13), (1031, 777, 19, 23), (3, 200, 9, 11), (200, 3, 11, 9)):
        for name, filter in (('bicubic', Image.BICUBIC), ('bilinear', Image.BILINEAR)):
            out = np.asarray(Image.fromarray(pattern(w, h)).resize((new_w, new_h), filter))
            resizes.append({'width': w, 'height': h, 'newWidth': new_w, 'newHeight': new_h, 'interpolation': name, 'rgb': text(out)})
    names = [f'orientation-{o}.jpg' for o in range(1, 9)] + ['progressive.jpg', 'cmyk.jpg', 'rgba-8.png', 'rgba-8-interlaced.png', 'palette-8-trns.png', 'comments.ppm']
    for name in names:
        pixels = next(d for d in decoded if d['file'] == name)
        im = Image.frombytes('RGB', (pixels['width'], pixels['height']), base64.b64decode(pixels['rgb']))
        crops.append({'file': name, 'resizeShorterSide': 15, 'cropSide': 12, 'rgb': text(crop(im, 15, 12))})
    crops.append({'file': 'large.jpg', 'resizeShorterSide': 24, 'cropSide': 20, 'rgb': text(crop(Image.open(HERE / 'large.jpg'), 24, 20))})
    for w, h in ((224, 224), (256, 256), (100, 80), (640, 427), (427, 640), (900, 300), (300, 1000), (1999, 301)):
        hashes.append({'width': w, 'height': h, 'fnv1a': fnv1a(crop(Image.fromarray(pattern(w, h)), 256, 224))})


make_pngs(); make_jpegs(); make_ppms(); make_tables()
(HERE / 'decoded.json').write_text(json.dumps(decoded, indent=0))
(HERE / 'resized.json').write_text(json.dumps({'crops': crops, 'resizes': resizes, 'hashes': hashes}, indent=0))
