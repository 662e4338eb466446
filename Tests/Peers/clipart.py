"""The clip art that comparisons teach: 25 folders of Debian's openclipart-png, as deploy/clipart-tree lays them out."""
import hashlib
import pathlib
import subprocess
import tempfile

import numpy
from PIL import Image

from daemon import SIDE

# The pictures are Debian's, and some are large.
Image.MAX_IMAGE_PIXELS = None
WHITE = (255, 255, 255)


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
    """The pictures of a folder tree (all of the clip art if none is given), copies left out, and the label of each."""
    with tempfile.TemporaryDirectory() as folder:
        if tree is None:
            tree = pathlib.Path(folder)
            script = pathlib.Path(__file__).parents[2] / "deploy/clipart-tree"
            subprocess.run([script, tree], check=True)
        files = sorted(tree.rglob("*.png"), key=lambda path: (path.parent.name, path.name))
        labels = numpy.array([path.parent.name for path in files])
        found = [picture(path) for path in files]
    # A picture may be there twice in other bytes.
    digests = [hashlib.sha256(image.tobytes()).digest() for image in found]
    first = [row for row, digest in enumerate(digests) if digests.index(digest) == row]
    return [found[row] for row in first], labels[first]


def split(labels, seed):
    """Whether each sample is asked about: 30 % of each label."""
    generator, asked = numpy.random.default_rng(seed), numpy.zeros(len(labels), bool)
    for label in sorted(set(labels)):
        rows = numpy.flatnonzero(labels == label)
        generator.shuffle(rows)
        asked[rows[:round(0.3 * len(rows))]] = True
    return asked
