"""Whether labels that arrive one after another are learned as well as all at once.

usage: continual.py BUILD [--data clipart|fashion] [--strategy none|head|top|auto] [--splits N] [--time-limit SECONDS]
                    [--weights FILE.pth] [--clipart FOLDER] [--fashion FOLDER]

BUILD is a folder with graftd and graftctl. The labels arrive in an order drawn for each split: the 25 of the clip art in
five steps of five, the ten of Fashion-MNIST (10,000 images to teach, 5,000 to ask about) one at a time. After each step one
daemon trains, from what it was taught so far; another is taught all images in their own order, and trains once. With `none`
only the analytic head answers, and its answers must be equal. Prints the accuracy of both, and for each
label, over all splits together, the images that only one of them names right, with the probability of a difference so large
or larger by chance (McNemar, exact and one-sided). Fails if the first is more than a point worse, or a label significantly
(5 %, by Holm's correction for the number of labels). A time limit of more than the usual 180 s changes nothing for the clip
art but that a busy machine has time to finish.
"""
import argparse
import gzip
import pathlib
import sys
import time

import numpy
from scipy.stats import binomtest

import clipart
from pupil import Pupil


def fashion(folder):
    """The first 10,000 training images and the first 5,000 test images, [28, 28, 3], and which are asked about."""
    def read(name, header):
        return numpy.frombuffer(gzip.decompress((folder / f"{name}-ubyte.gz").read_bytes()), numpy.uint8, offset=header)
    images = numpy.concatenate([
        read(f"{name}-images-idx3", 16).reshape(-1, 28, 28)[:count] for name, count in (("train", 10000), ("t10k", 5000))
    ])
    labels = numpy.concatenate([
        read(f"{name}-labels-idx1", 8)[:count] for name, count in (("train", 10000), ("t10k", 5000))
    ])
    names = numpy.array("top trouser pullover dress coat sandal shirt sneaker bag boot".split())
    return [numpy.repeat(image[:, :, None], 3, 2) for image in images], names[labels], numpy.arange(15000) >= 10000


def learn(arguments, pupil, steps):
    """Teaches the rows of each step, and trains after it."""
    known = set()
    for number, rows in enumerate(steps, 1):
        pupil.teach(rows)
        known.update(pupil.labels[rows])
        # There is nothing to train before a second label.
        if arguments.strategy == "none" or len(known) < 2:
            continue
        start = time.monotonic()
        job = pupil.daemon.train(strategy=arguments.strategy, time_limit=arguments.time_limit)
        print(
            f"  step {number} of {len(steps)}, {len(rows)} images, {time.monotonic() - start:.0f} s: {job['state']}, "
            f"{job['message']}", file=sys.stderr, flush=True)


def run(arguments, images, labels, asked, label_steps):
    """Whether the daemon that learned in steps, and the one that learned everything, name each asked image right."""
    taught, asked = numpy.flatnonzero(~asked), numpy.flatnonzero(asked)
    ways = [[taught[numpy.isin(labels[taught], step)] for step in label_steps], [taught]]
    answers = []
    for steps in ways:
        pupil = Pupil(arguments.build, images, labels, arguments.weights)
        try:
            learn(arguments, pupil, steps)
            answers.append(pupil.answers(asked))
        finally:
            pupil.close()
    (stepped, stepped_probability), (joint, joint_probability) = answers
    if arguments.strategy == "none":
        # Labels are numbered as they arrive, and a softmax that sums in another order rounds differently: by 6e-7 at most here.
        assert (stepped == joint).all() and abs(stepped_probability - joint_probability).max() < 5e-6, "the answers differ"
    return labels[asked], stepped == labels[asked], joint == labels[asked]


def significant(probabilities):
    """Which hypotheses are rejected at 5 % by Holm's method."""
    order, rejected = numpy.argsort(probabilities), numpy.zeros(len(probabilities), bool)
    for rank, index in enumerate(order):
        if probabilities[index] > 0.05 / (len(probabilities) - rank):
            break
        rejected[index] = True
    return rejected


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--data", choices=["clipart", "fashion"], default="clipart")
    parser.add_argument("--strategy", choices=["none", "head", "top", "auto"], default="auto")
    parser.add_argument("--splits", type=int)
    parser.add_argument("--time-limit", type=float)
    parser.add_argument("--weights", type=pathlib.Path)
    parser.add_argument("--clipart", type=pathlib.Path)
    parser.add_argument("--fashion", type=pathlib.Path, default="/usr/share/datasets/fashion-mnist")
    arguments = parser.parse_args()
    if arguments.data == "clipart":
        images, labels = clipart.pictures(arguments.clipart)
        size, splits = 5, 3
        ask = lambda seed: clipart.split(labels, seed)
    else:
        images, labels, asked = fashion(arguments.fashion)
        size, splits = 1, 1
        ask = lambda seed: asked

    results = []
    for seed in range(arguments.splits or splits):
        print(f"split {seed}", file=sys.stderr, flush=True)
        order = numpy.random.default_rng(seed).permutation(sorted(set(labels)))
        steps = [order[start:start + size] for start in range(0, len(order), size)]
        results.append(run(arguments, images, labels, ask(seed), steps))
        _, stepped, joint = results[-1]
        print(f"split {seed}: {stepped.mean():.4f} in steps, {joint.mean():.4f} at once", flush=True)
    asked, stepped, joint = map(numpy.concatenate, zip(*results))
    names = sorted(set(labels))
    lost = numpy.array([(joint & ~stepped & (asked == name)).sum() for name in names])
    won = numpy.array([(stepped & ~joint & (asked == name)).sum() for name in names])
    probabilities = numpy.array([
        binomtest(int(worse), int(worse + better), alternative="greater").pvalue if worse + better else 1.0
        for worse, better in zip(lost, won)
    ])
    print(f"{'label':12} {'asked':>6} {'in steps':>9} {'at once':>8} {'lost':>5} {'won':>4} {'p':>7}")
    for name, worse, better, probability in zip(names, lost, won, probabilities):
        of = asked == name
        print(
            f"{name:12} {of.sum():6} {stepped[of].mean():9.3f} {joint[of].mean():8.3f} {worse:5} {better:4} "
            f"{probability:7.3f}")
    difference = stepped.mean() - joint.mean()
    print(f"{'all':12} {len(asked):6} {stepped.mean():9.4f} {joint.mean():8.4f}  difference {difference:+.4f}")
    worse = [name for name, is_worse in zip(names, significant(probabilities)) if is_worse]
    if difference < -0.01 or worse:
        sys.exit(f"learning in steps is worse{': ' + ', '.join(worse) if worse else ''}")


if __name__ == "__main__":
    main()
