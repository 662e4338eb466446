"""Makes the checkpoints beside it, and expected.json with what torch reads from them.

usage: python make.py        needs torch 2 and safetensors
The values are the same in every run; in the stream form the keys of storages are memory addresses, and are not.
"""

import argparse
import collections
import datetime
import fractions
import hashlib
import json
import os
import pathlib
import struct
import warnings
import zipfile

import numpy
import torch
from safetensors.torch import save_file

warnings.simplefilter("ignore")  # the kinds of tensors that are to be refused are those that torch calls experimental

HERE = pathlib.Path(__file__).parent


def counted(*shape):
    """Numbers that half precision holds exactly, no two alike."""
    n = int(torch.tensor(shape).prod())
    return (torch.arange(n, dtype=torch.float32) * 0.25 - 3).reshape(shape)


def every_type():
    """One tensor per element type; the values are chosen where rounding shows."""
    return collections.OrderedDict(
        f64=torch.tensor([1 / 3, -1e300, 2.0], dtype=torch.float64),
        f32=torch.tensor([1 / 3, -1e-40, 65504.0]),
        f16=torch.tensor([1 / 3, 6e-8, 65504.0, float("-inf")], dtype=torch.float16),
        bf16=torch.tensor([1 / 3, -1e38, 3.0], dtype=torch.bfloat16),
        i64=torch.tensor([-(2**62) - 1, 0, 7]),
        i32=torch.tensor([-(2**31), 2**31 - 1], dtype=torch.int32),
        i16=torch.tensor([-(2**15), 2**15 - 1], dtype=torch.int16),
        i8=torch.tensor([-128, 127], dtype=torch.int8),
        u8=torch.tensor([0, 255], dtype=torch.uint8),
        bool=torch.tensor([True, False, True]),
    )


def windows():
    """Tensors that are no plain copy of their storage."""
    base = counted(4, 6)
    return {
        "transposed": base.t(),
        "every_second": base[1::2, ::3],
        "permuted": counted(2, 3, 4, 5).permute(3, 0, 2, 1),
        "channels_last": counted(2, 3, 2, 2).contiguous(memory_format=torch.channels_last),
        "expanded": counted(3).reshape(3, 1).expand(3, 4),
        "row_of_shared": base[2],
        "scalar": torch.tensor(2.5),
        "counter": torch.tensor(7),
        "empty": torch.zeros(0, 3),
        "single": counted(1, 5)[:, 2:3],
    }


def model():
    """A state dict as `state_dict()` returns it, with `_metadata`."""
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3, bias=False), torch.nn.BatchNorm2d(3)).state_dict()


def attributed():
    """Tensors that torch saves with their attributes, each in its own way."""
    plain, parameter = counted(3), torch.nn.Parameter(counted(2, 2))
    plain.origin, parameter.origin = "here", "there"
    return {"plain": plain, "parameter": parameter, "buffer": torch.nn.Buffer(counted(2))}


def run(state):
    """What a training script saves beside the weights, most of it without thinking of whoever reads it."""
    network = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(network.parameters())
    network(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    by_label = collections.defaultdict(list)
    by_label["cat"].append(numpy.float32(0.5))
    return {
        "args": argparse.Namespace(rate=0.1, out=pathlib.PurePosixPath("out"), device=torch.device("cpu"), size=torch.Size([8, 8])),
        "model": {f"module._orig_mod.{name}": value for name, value in state.items()},
        "optimizer": optimizer.state_dict(),
        "scheduler": torch.optim.lr_scheduler.MultiStepLR(optimizer, [1, 2]).state_dict(),
        "best": numpy.float64(0.75),
        "history": numpy.arange(4.0),
        "seen": {1, 2},
        "frozen": frozenset(["a"]),
        "began": datetime.datetime(2025, 1, 2, 3, 4, 5),
        "by_label": by_label,
        "type": torch.float32,
        "random": torch.get_rng_state()[:8].clone(),
        "digest": b"\x00\xff",
        "weight": 1 + 2j,
    }


expected = {}


def record(name, tensors):
    """Floats are written as hexadecimal of their 32 bits, so that nothing is rounded on the way."""
    expected[name] = {
        key: {
            "shape": list(value.shape),
            "bits": [struct.unpack("<I", struct.pack("<f", x))[0] for x in value.float().flatten().tolist()],
        }
        for key, value in tensors.items()
    }


def save(name, payload, tensors, **options):
    for form, zipped in (("stream", False), ("zip", True)):
        torch.save(payload, HERE / f"{name}.{form}.pth", _use_new_zipfile_serialization=zipped, **options)
        record(f"{name}.{form}.pth", tensors)


types, views, state = every_type(), windows(), model()
save("types", types, types)
save("windows", views, views)
save("model", state, state)
save("training", {"epoch": 3, "best": 0.5, "name": "run", "state_dict": {f"module.{k}": v for k, v in state.items()}}, state)
save("parameter", {"w": torch.nn.Parameter(counted(2, 2))}, {"w": counted(2, 2)})
save("protocol4", types, types, pickle_protocol=4)
for protocol in (3, 5):
    save(f"protocol{protocol}", {"w": counted(2, 2)}, {"w": counted(2, 2)}, pickle_protocol=protocol)
save("attributed", attributed(), attributed())
save("run", run(state), state)
save("run4", run(state), state, pickle_protocol=4)

save_file({k: v.contiguous() for k, v in types.items()}, HERE / "types.safetensors", metadata={"made by": "make.py, \"é\"\n"})
record("types.safetensors", types)


# Hostile pickles: each alone, as data.pkl of an archive or the object of a stream would hold it.
class Call:
    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


def hostile(name, payload):
    path = HERE / f"hostile-{name}.pth"
    torch.save(payload, path, _use_new_zipfile_serialization=False)


hostile("system", {"weight": Call(os.system, "touch /graftd-was-here")})
hostile("eval", Call(eval, "1"))
hostile("module", collections.OrderedDict(a=fractions.Fraction(1, 2)))


# Sound files that are refused, for what they hold.
def refused(name, payload):
    torch.save(payload, HERE / f"refused-{name}.zip.pth")


refused("complex", {"w": torch.ones(2, dtype=torch.complex64)})
refused("float8", {"w": torch.ones(2).to(torch.float8_e4m3fn)})
refused("sparse", {"w": torch.eye(3).to_sparse()})
refused("quantised", {"w": torch.quantize_per_tensor(torch.ones(2), 0.5, 0, torch.quint8)})
refused("meta", {"w": torch.ones(2, device="meta")})
refused("negated", {"w": torch.view_as_complex(torch.ones(3, 2)).conj().imag})
refused("list", [counted(2)])
refused("arrays", {"w": numpy.ones(2)})
refused("model", torch.nn.Linear(2, 1))
refused("model-inside", {"model": torch.nn.Linear(2, 1), "epoch": 3})
torch.jit.script(torch.nn.ReLU()).save(str(HERE / "refused-script.zip.pth"))


def packed_again(name, change=lambda name, data: data, **options):
    source = zipfile.ZipFile(HERE / "parameter.zip.pth")
    with zipfile.ZipFile(HERE / f"{name}.zip.pth", "w", **options) as target:
        for entry in source.namelist():
            target.writestr(zipfile.ZipInfo(entry), change(entry, source.read(entry)), options.get("compression"))


packed_again("refused-compressed", compression=zipfile.ZIP_DEFLATED)
packed_again("refused-big-endian", lambda name, data: b"big" if name.endswith("byteorder") else data)
# By another program's zip, whose directory has no 64-bit sizes.
packed_again("repacked")
record("repacked.zip.pth", {"w": counted(2, 2)})


# A canonical file, with a graph of its own: a convolution and a mean.
def backbone():
    weight = counted(2, 1, 1, 3)
    graph = json.dumps(
        [
            {
                "name": "a",
                "nodes": [
                    {"activation": "relu", "bias": False, "dilation": 1, "from": 3, "groups": 1, "inputs": [0], "kernel": 1}
                    | {"kind": "convolution", "name": "c", "padding": [0], "stride": 1, "to": 2},
                    {"inputs": [1], "kind": "mean", "name": "m"},
                ],
            }
        ],
        separators=(",", ":"),
    )
    preprocessing = json.dumps(
        {"channelOrder": "rgb", "cropSide": 8, "interpolation": "bilinear", "mean": [0, 0, 0], "resizeShorterSide": 8}
        | {"standardDeviation": [1, 1, 1]}
    )

    def number(value):
        return struct.pack("<q", value)

    def text(value):
        return number(len(value.encode())) + value.encode()

    fingerprint = hashlib.sha256()
    for part in ("graftd-backbone-1", "tiny", preprocessing, "graph", graph, "a.c.weight", "F32"):
        fingerprint.update(text(part))
    for part in (weight.dim(), *weight.shape):
        fingerprint.update(number(part))
    fingerprint.update(weight.numpy().tobytes())
    metadata = {
        "architecture": "tiny",
        "format": "graftd-backbone-1",
        "fingerprint": fingerprint.hexdigest(),
        "graph": graph,
        "preprocessing": preprocessing,
        "source": "make.py",
        "source_names": json.dumps(
            {"classifier": "fc", "counters": {"n": 3}, "layout": "torch", "parameters": {"a.c.weight": "conv.weight"}}
        ),
        "source_sha256": hashlib.sha256().hexdigest(),
    }
    save_file({"a.c.weight": weight}, HERE / "backbone.safetensors", metadata=metadata)


backbone()

(HERE / "expected.json").write_text(json.dumps(expected, indent=1, sort_keys=True) + "\n")
