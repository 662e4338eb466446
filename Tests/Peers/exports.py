"""Compares what graftctl exports with what graftd answers: PyTorch loads the safetensors file by
load_state_dict(strict=True), ONNX Runtime runs the ONNX file, and both see the same held-out images as the daemon.

usage: exports.py BUILD [NETWORK ...] [--images FOLDER] [--weights FILE.pth]

BUILD is a folder with graftd and graftctl, FOLDER holds PNG images, which may be deeper in it (the default is a part of
Debian's openclipart-png), NETWORK is resnet18, resnet50, vgg16 (random, seeded) or efficientnet_lite0 (ImageNet's, from
its package unless --weights says where). For each network a daemon with a state of its own is taught, trained once on
roots, once on plain features and once with its top blocks, and every version is exported in both formats. Prints a line
for each and fails where a probability differs by 1e-4 or more, or where a version is kept back: of random networks, whose
versions may be no better than the analytic head, only where all are.

Images are sent as 256 x 256 raw pixels, of which the daemon takes the middle 224 x 224 as they are, so that nothing but
the network and the head is compared.
"""
import argparse
import json
import pathlib
import shutil
import sys
import tempfile

import numpy
import onnx
import onnxruntime
import safetensors.torch
import torch
from PIL import Image

import nets
from daemon import SIDE, Daemon, lite0

TOLERANCE = 1e-4
# The pictures are Debian's; those that are too large are left out by their headers.
Image.MAX_IMAGE_PIXELS = None
CROP = 224
TINTS = {
    "red": (1, 0.55, 0.55), "green": (0.55, 1, 0.55), "blue": (0.55, 0.55, 1), "yellow": (1, 1, 0.4), "dark": (0.4, 0.4, 0.4)
}
TAUGHT, ASKED = 16, 20


def pictures(folder):
    """Pictures to teach, with their labels, and pictures that are held out, each [SIDE, SIDE, 3].

    Labels are tints, which random networks see too, so that every head passes the gate.
    """
    found, seen = [], set()
    for path in sorted(folder.rglob("*.png"), key=lambda path: path.name):
        with Image.open(path) as image:
            # Larger ones only take longer to shrink.
            if image.width * image.height > 1_000_000:
                continue
            rgba = image.convert("RGBA").resize((SIDE, SIDE), Image.BICUBIC)
        white = Image.new("RGBA", rgba.size, "white")
        pixels = numpy.asarray(Image.alpha_composite(white, rgba).convert("RGB"))
        # Some pictures are there twice.
        if pixels.tobytes() in seen:
            continue
        seen.add(pixels.tobytes())
        found.append(pixels.astype(numpy.float32))
        if len(found) == TAUGHT + ASKED:
            break
    tints = {label: numpy.float32(tint) for label, tint in TINTS.items()}
    taught = [
        (label, (pixels * tint).astype(numpy.uint8)) for pixels in found[:TAUGHT] for label, tint in tints.items()
    ]
    return taught, found[TAUGHT:]


def doubtful(daemon, held_out):
    """What the daemon answers to each picture in a tint between two, where it is in doubt: probabilities of 0 and 1 would
    agree whatever the weights. The tint is found by halving, with noise below one level so that no step is too large."""
    tints = [numpy.float32(tint) for tint in TINTS.values()]
    noise = numpy.random.default_rng(0).random((SIDE, SIDE, 3), numpy.float32)
    images, answers = [], []
    for number, pixels in enumerate(held_out):
        ends = tints[number % len(tints)], tints[(number + 1 + number // len(tints) % 3) % len(tints)]
        first, low, high = None, 0.0, 1.0
        for share in (0.0, *[None] * 20):
            share = (low + high) / 2 if share is None else share
            tinted = pixels * numpy.float32((1 - share) * ends[0] + share * ends[1])
            image = numpy.minimum(tinted + noise, 255).astype(numpy.uint8)
            top = daemon.image("/v1/classify?top=1000", image)["top"]
            if top[0]["probability"] < 0.9:
                break
            first = first or top[0]["label"]
            if top[0]["label"] == first:
                low = share
            else:
                high = share
        images.append(image)
        answers.append({entry["label"]: entry["probability"] for entry in top})
    return images, answers


def normalised(images, preprocessing):
    border = (SIDE - CROP) // 2
    pixels = numpy.stack(images)[:, border:border + CROP, border:border + CROP].astype(numpy.float32)
    mean, deviation = (numpy.float32(preprocessing[key]) for key in ("mean", "standardDeviation"))
    return numpy.ascontiguousarray(((pixels / numpy.float32(255) - mean) / deviation).transpose(0, 3, 1, 2))


class RootLinear(torch.nn.Linear):
    """What graftctl prints for a head over roots."""

    def forward(self, x):
        return super().forward(x.sign() * x.abs().sqrt().clamp(max=32767 / 2048))


class VGG16(torch.nn.Module):
    """torchvision's, with the changes that graftctl prints: a mean over all places, and one layer as classifier."""

    def __init__(self, classes):
        super().__init__()
        self.features = nets.VGG([2, 2, 3, 3, 3]).features_
        self.avgpool = torch.nn.AdaptiveAvgPool2d(1)
        self.classifier = torch.nn.Linear(512, classes)

    def forward(self, x):
        return self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))


def module(network, classes):
    if network == "resnet18":
        return nets.ResNet(nets.Basic, [2, 2, 2, 2], classes), "fc"
    if network == "resnet50":
        return nets.ResNet(nets.Bottle, [3, 4, 6, 3], classes), "fc"
    if network == "vgg16":
        return VGG16(classes), "classifier"
    from efficientnet_lite_pytorch import EfficientNet

    return EfficientNet.from_name("efficientnet-lite0", num_classes=classes), "_fc"


def checkpoint(network, folder, weights, pictures):
    """A state dict to import: random and seeded, with running statistics and counters that are not the initial ones.

    Every channel has mean 0 and variance 1 over `pictures`, by the batch normalisation or in the weights themselves: without
    that, a deep random network gives all pictures nearly the same features, and heads so steep that no two programs agree.
    """
    if network == "efficientnet_lite0":
        return weights or lite0()
    torch.manual_seed(7)
    model, _ = module(network, 1000)
    for part in model.modules():
        if isinstance(part, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(part.weight, nonlinearity="relu")
        if isinstance(part, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(part.weight, 0.8, 1.2)
            torch.nn.init.normal_(part.bias, 0, 0.1)
            # The next pass's statistics, as they are.
            part.momentum = 1

    def standardise(part, _, output):
        mean, deviation = output.mean((0, 2, 3)), output.std((0, 2, 3)) + 1e-3
        part.weight.data /= deviation[:, None, None, None]
        part.bias.data = (part.bias.data - mean) / deviation
        return (output - mean[:, None, None]) / deviation[:, None, None]

    hooks = [
        part.register_forward_hook(standardise)
        for part in model.modules() if isinstance(part, torch.nn.Conv2d) and part.bias is not None
    ]
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    batch = ((torch.from_numpy(numpy.stack(pictures)) / 255 - mean) / deviation).permute(0, 3, 1, 2)
    with torch.no_grad():
        model.train()(batch)
    for hook in hooks:
        hook.remove()
    for part in model.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.num_batches_tracked.fill_(123)
    path = folder / f"{network}.pth"
    torch.save(model.eval().state_dict(), path)
    return path


def compare(daemon, network, source, number, space, held_out, folder):
    daemon.call("POST", f"/v1/versions/{number}/activate")
    asked, answers = doubtful(daemon, held_out)
    torch_file, onnx_file = folder / f"{network}-{number}.safetensors", folder / f"{network}-{number}.onnx"
    record = json.loads(daemon.ctl("export", number, "--output", torch_file, "--json"))
    daemon.ctl("export", number, "--output", onnx_file)
    assert record["features"] == space, record

    with safetensors.safe_open(torch_file, "pt") as file:
        metadata = file.metadata()
    labels = json.loads(metadata["labels"])
    assert labels == record["labels"]
    expected = numpy.array([[answer[label] for label in labels] for answer in answers])
    assert abs(expected.sum(1) - 1).max() < 1e-5, "the daemon answers labels that the export lacks"
    inputs = normalised(asked, json.loads(metadata["preprocessing"]))

    model, classifier = module(network, len(labels))
    if space == "roots":
        setattr(model, classifier, RootLinear(getattr(model, classifier).in_features, len(labels)))
    state = safetensors.torch.load_file(torch_file)
    assert set(state) == set(model.state_dict()), set(state) ^ set(model.state_dict())
    original = torch.load(source)
    kept = [name for name in original if name in state and not name.startswith(classifier)]
    changed = [not torch.equal(original[name], state[name]) for name in kept]
    # What was trained is one part at the end, and everything before the cut is the backbone's to the bit.
    tuned = sum(changed[changed.index(True):]) if any(changed) else 0
    blocks = daemon.call("GET", f"/v1/versions/{number}")["blocks"] if number else []
    assert bool(tuned) == bool(blocks) and not changed[0], f"{tuned} tensors were changed, of blocks {blocks}"
    model.load_state_dict(state, strict=True)
    with torch.no_grad():
        found = model.eval()(torch.from_numpy(inputs)).softmax(1).numpy()
    torch_error = abs(found - expected).max()

    onnx.checker.check_model(str(onnx_file), full_check=True)
    session = onnxruntime.InferenceSession(str(onnx_file))
    assert json.loads(session.get_modelmeta().custom_metadata_map["labels"]) == labels
    found = session.run(None, {"image": inputs})[0]
    onnx_error = abs(found - expected).max()

    certain = expected.max(1)
    assert (certain < 0.95).sum() >= len(asked) // 2, "answers of 0 and 1 agree whatever the weights"
    print(
        f"{network:20} version {number} ({space:5})  {len(asked)} images, {len(labels)} labels, largest probability "
        f"{certain.min():.2f} to {certain.max():.2f}, {(certain < 0.95).sum()} in doubt, {tuned} tensors tuned:  "
        f"PyTorch {torch_error:.1e}  ONNX Runtime {onnx_error:.1e}", flush=True)
    return max(torch_error, onnx_error) < TOLERANCE


def run(build, network, weights, taught, held_out):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="graftd-exports."))
    daemon = Daemon(build, folder)
    try:
        source = checkpoint(network, folder, weights, [pixels for _, pixels in taught[:16]])
        daemon.ctl("backbone", "import", source, "--arch", network)
        for label, pixels in taught:
            daemon.image(f"/v1/samples?label={label}", pixels)
        good = compare(daemon, network, source, 0, "roots", held_out, folder)
        published = 0
        for strategy, space in (("head", "roots"), ("head", "plain"), ("top", "roots")):
            # Judged against the analytic head, which every version has to be as good as.
            daemon.call("POST", "/v1/versions/0/activate")
            job = daemon.train(space, strategy)
            if job["state"] != "published":
                print(f"{network}: the version of {strategy} over {space} was not published: {job['message']}")
                continue
            published += 1
            good &= compare(daemon, network, source, job["version"], space, held_out, folder)
        return good and published >= (3 if network == "efficientnet_lite0" else 1)
    finally:
        daemon.stop()
        shutil.rmtree(folder)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--images", default="/usr/share/openclipart/png/animals", type=pathlib.Path)
    parser.add_argument("--weights", type=pathlib.Path)
    parser.add_argument("networks", nargs="*", default=["resnet18", "resnet50", "vgg16", "efficientnet_lite0"])
    arguments = parser.parse_args()
    taught, held_out = pictures(arguments.images)
    results = [
        run(arguments.build, network, arguments.weights, taught, held_out) for network in arguments.networks
    ]
    sys.exit(0 if all(results) else f"a probability differs by {TOLERANCE} or more, or a version was not published")


if __name__ == "__main__":
    main()
