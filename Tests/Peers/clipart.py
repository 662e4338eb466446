"""The clip art that comparisons teach: 25 folders of Debian's openclipart-png, as deploy/clipart-tree lays them out.

Pictures, their order and the splits are those of published figures of the peers, so that the same images are asked about.
"""
import pathlib
import subprocess
import tempfile

import numpy
from PIL import Image

from daemon import SIDE

# The pictures are Debian's, and some are large; the largest are left out.
Image.MAX_IMAGE_PIXELS = None
PIXEL_LIMIT = 50_000_000
WHITE = (255, 255, 255)
# In the order in which the splits are drawn.
LABELS = (
    "flags mammals birds bugs fish fruit desserts beverages roadsigns vehicles boating clothing smilies stickmen hardware "
    "music sports arrows jigsaw weapons flowers homes weather meats clocks").split()


def picture(path):
    """The middle of a picture on white, its shorter side resized to SIDE."""
    with Image.open(path) as image:
        rgba = image.convert("RGBA")
    flat = Image.alpha_composite(Image.new("RGBA", rgba.size, WHITE), rgba).convert("RGB")
    scale = SIDE / min(flat.size)
    width, height = (max(SIDE, round(side * scale)) for side in flat.size)
    left, top = (width - SIDE) // 2, (height - SIDE) // 2
    return flat.resize((width, height), Image.BICUBIC).crop((left, top, left + SIDE, top + SIDE))


def pictures(tree=None):
    """The pictures of a folder tree (all of the clip art if none is given), and the label of each."""
    with tempfile.TemporaryDirectory() as folder:
        if tree is None:
            tree = pathlib.Path(folder)
            script = pathlib.Path(__file__).parents[2] / "deploy/clipart-tree"
            subprocess.run([script, tree], check=True)
        files = [path for path in sorted(tree.rglob("*.png"), key=place) if is_taken(path)]
        return [picture(path) for path in files], numpy.array([path.parent.name for path in files])


def place(path):
    """What files are ordered by: their label, and where the package has them, which the tree links to."""
    return rank(path.parent.name), str(path.readlink() if path.is_symlink() else path)


def rank(label):
    """Where a label comes; those of other trees come by name, after the clip art's."""
    return LABELS.index(label) if label in LABELS else len(LABELS), label


def is_taken(path):
    with Image.open(path) as image:
        return image.width * image.height <= PIXEL_LIMIT


def split(labels, seed):
    """Whether each sample is asked about: 30 % of each label."""
    generator, asked = numpy.random.default_rng(seed), numpy.zeros(len(labels), bool)
    for label in sorted(set(labels), key=rank):
        rows = numpy.flatnonzero(labels == label)
        generator.shuffle(rows)
        asked[rows[:round(0.3 * len(rows))]] = True
    return asked
