"""Makes the checkpoints beside it, and expected.json with what torch reads from them.

usage: python make.py        needs torch 2 and safetensors
The values are the same in every run; in the stream form the keys of storages are memory addresses, and are not.
"""

import collections
import json
import os
import pathlib
import struct

import torch
from safetensors.torch import save_file

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
hostile("module", collections.OrderedDict(a=pathlib.PurePosixPath("x")))

(HERE / "expected.json").write_text(json.dumps(expected, indent=1, sort_keys=True) + "\n")
