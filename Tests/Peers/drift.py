"""How well the head that is always there follows a stream whose conditions change.

usage: drift.py BUILD [--splits N] [--taught N] [--seed N] [--weights FILE.pth] [--clipart FOLDER]

BUILD is a folder with graftd and graftctl. 25 folders of Debian's openclipart-png, copies left out, are split into 70 %
to teach and 30 % to ask about. One daemon is taught the first part as it is; then the conditions change, one after
another, and after each change it is taught a few images (50 unless --taught says otherwise) as they look now, and asked
about the whole second part as it looks now. Two others are models taught everything: one was taught all of that stream
before it is asked anything, the other the whole first part both as it is and under every condition. Prints the accuracy
of all three, and of the first before it was taught anything of a condition.
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
    pupils = [Pupil(arguments.build, images, labels, arguments.weights) for _ in range(3)]
    stream, whole, every = pupils
    generator = numpy.random.default_rng(1000 * arguments.seed + seed)
    steps = [(generator.choice(taught_rows, arguments.taught, replace=False), it) for it in CONDITIONS.values()]
    try:
        for condition in (None, *CONDITIONS.values()):
            every.teach(taught_rows, condition)
        for pupil in (stream, whole):
            pupil.teach(taught_rows)
        for rows, condition in steps:
            whole.teach(rows, condition)
        result = []
        for rows, condition in steps:
            before = stream.accuracy(asked_rows, condition)
            stream.teach(rows, condition)
            result.append((before, *(pupil.accuracy(asked_rows, condition) for pupil in pupils)))
        return numpy.array(result)
    finally:
        for pupil in pupils:
            pupil.close()


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
    print(
        f"{'condition':18} {'before':>7} {'taught ' + str(arguments.taught):>10} {'the stream':>11} {'difference':>11} "
        f"{'every image':>12} {'difference':>11}")
    for name, (before, taught, whole, every) in zip(CONDITIONS, numpy.mean(results, 0)):
        print(
            f"{name:18} {before:7.3f} {taught:10.3f} {whole:11.3f} {taught - whole:+11.3f} {every:12.3f} "
            f"{taught - every:+11.3f}")


if __name__ == "__main__":
    main()
