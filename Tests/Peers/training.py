"""One Adam step of top-block fine-tuning in PyTorch on a batch of 32: from a cached activation before the top blocks and,
for the ResNets, through the whole network (frozen trunk included), as scripts usually do it. Batch normalisation keeps its
stored statistics; each block has a learning rate. Prints one JSON line per case: arch, case, threads, median_ms, min_ms.

usage: training.py [--threads 2] [--runs 5] [--cached] resnet18 resnet50 efficientnet_lite0
"""
import argparse, json, time
import numpy as np, torch, torch.nn as nn, torch.nn.functional as F
from nets import make

parser = argparse.ArgumentParser()
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--runs", type=int, default=5)
parser.add_argument("--cached", action="store_true", help="leave the whole networks out")
parser.add_argument("archs", nargs="+")
options = parser.parse_args()
torch.set_num_threads(options.threads)


def resnet(arch):
    """The blocks of layer4 with a linear classifier: trained blocks, case, latent's shape, from latent, from image."""
    net = make(arch)
    net.fc = nn.Linear(net.fc.in_features, 10)
    latent = dict(resnet18=(256, 14, 14), resnet50=(1024, 14, 14))[arch]
    return [*net.layer4, net.fc], "cached layer3 output", latent, lambda z: net.fc(net.layer4(z).mean((2, 3))), net


def efficientnet(arch):
    """Blocks 11 to 15 and the head convolution (the input of `_blocks[11]` is cached), with a linear classifier."""
    net = make(arch)
    head = nn.Sequential(net._conv_head, net._bn1)
    classifier = nn.Linear(net._conv_head.out_channels, 10)

    def forward(z):
        for block in net._blocks[11:]: z = block(z)
        return classifier(F.relu6(head(z)).mean((2, 3)))

    return [*net._blocks[11:], head, classifier], "cached input of _blocks[11]", (112, 14, 14), forward, None


def times(step, runs):
    """The median and the least time of `runs` steps in milliseconds, after one that is not counted."""
    step()
    found = []
    for _ in range(runs):
        start = time.perf_counter()
        step()
        found.append((time.perf_counter() - start) * 1e3)
    return dict(median_ms=round(float(np.median(found)), 1), min_ms=round(min(found), 1))


for arch in options.archs:
    blocks, case, latent, forward, net = (efficientnet if arch.startswith("efficientnet") else resnet)(arch)
    if net is not None:
        for parameter in net.parameters(): parameter.requires_grad = False
    for block in blocks:
        for parameter in block.parameters(): parameter.requires_grad = True
    optimizer = torch.optim.Adam(
        [dict(params=block.parameters(), lr=1e-4 * 1.5**i) for i, block in enumerate(blocks)])
    labels = torch.randint(0, 10, (32,))
    image, activation = torch.randn(32, 3, 224, 224), torch.randn(32, *latent)

    def step(forward, input):
        loss = F.cross_entropy(forward(input), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def report(case, forward, input, runs):
        line = dict(arch=arch, case=case, peer="pytorch", threads=options.threads)
        print(json.dumps(line | times(lambda: step(forward, input), runs)), flush=True)

    report(case, forward, activation, options.runs)
    if net is not None and not options.cached: report("whole network", net, image, 3)
