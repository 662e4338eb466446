"""Makes inputs that did harm, or would where code is only a little less careful.

usage: python make.py
"""

import json
import pathlib
import struct

HERE = pathlib.Path(__file__).parent


def safetensors(name, header, data=b""):
    text = json.dumps(header).encode()
    (HERE / name).write_bytes(struct.pack("<Q", len(text)) + text + data)


# An accent belongs to the dot before it: who compares characters does not see the prefix `model.`, and who drops as many
# characters as it has gets two empty names.
safetensors(
    "safetensors-accents",
    {f"model.{accent}": {"dtype": "U8", "shape": [1], "data_offsets": [i, i + 1]} for i, accent in enumerate("\u0301\u0302")},
    b"\x01\x02",
)

# Each layer has twice the channels of the one before; the product of the sides overflowed.
nodes = [{"name": f"n{i}", "kind": "concatenation", "inputs": [i, i]} for i in range(100)]
safetensors(
    "backbone-doubled",
    {
        "__metadata__": {
            "format": "graftd-backbone-1",
            "architecture": "doubled",
            "graph": json.dumps([{"name": "a", "nodes": nodes}]),
            "preprocessing": json.dumps(
                {"channelOrder": "rgb", "cropSide": 8, "interpolation": "bilinear", "mean": [0, 0, 0]}
                | {"resizeShorterSide": 8, "standardDeviation": [1, 1, 1]}
            ),
            "source": "",
            "source_sha256": "",
            "fingerprint": "",
        }
    },
)

# A pickle that makes one list of a thousand pairs into five thousand ordered dicts.
pickle = b"\x80\x02]q\x00(NNe0](" + b"h\x00" * 1000 + b"e\x85q\x010ccollections\nOrderedDict\nq\x020" + b"h\x02h\x01R0" * 5000 + b"N."
head = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19." + b"\x80\x02M\xe9\x03." + b"\x80\x02}\x8c\x0dlittle_endian\x88s."
(HERE / "torch-stream-copies").write_bytes(head + pickle + b"\x80\x02].")
