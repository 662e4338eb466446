"""How well the head that is always there follows a stream whose conditions change.

usage: drift.py BUILD [--splits N] [--taught N] [--seed N] [--weights FILE.pth] [--clipart FOLDER]

BUILD is a folder with graftd and graftctl. 25 folders of Debian's openclipart-png, copies left out, are split into 70 %
to teach and 30 % to ask about. One daemon is taught the first part as it is; then the conditions change, one after
another, and after each change it is taught a few images (50 unless --taught says otherwise) as they look now, and asked
about the whole second part as it looks now. Another daemon, a model taught everything, has been taught the whole first
part under every condition. Prints the accuracy of both, and of the first before it was taught anything of a condition.
"""
import argparse
import pathlib
import sys

import numpy
from PIL import Image, ImageEnhance, ImageFilter

from clipart import WHITE, pictures, split
from pupil import Pupil

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


def run(arguments, images, labels, seed):
    asked = split(labels, seed)
    taught_rows, asked_rows = numpy.flatnonzero(~asked), numpy.flatnonzero(asked)
    stream = Pupil(arguments.build, images, labels, arguments.weights)
    everything = Pupil(arguments.build, images, labels, arguments.weights)
    generator = numpy.random.default_rng(1000 * arguments.seed + seed)
    try:
        for condition in (None, *CONDITIONS.values()):
            everything.teach(taught_rows, condition)
        stream.teach(taught_rows)
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
    images, labels = pictures(arguments.clipart)
    results = []
    for seed in range(arguments.splits):
        results.append(run(arguments, images, labels, seed))
        print(f"split {seed} done", file=sys.stderr, flush=True)
    print(f"{'condition':18} {'before':>7} {'taught ' + str(arguments.taught):>10} {'everything':>11} {'difference':>11}")
    for name, (before, taught, everything) in zip(CONDITIONS, numpy.mean(results, 0)):
        print(f"{name:18} {before:7.3f} {taught:10.3f} {everything:11.3f} {taught - everything:+11.3f}")


if __name__ == "__main__":
    main()
