"""What schemathesis cannot know of graftd's bodies, images, is made here; and what it would let pass is looked at."""

import functools
import io
import os
import tarfile

import PIL.Image
import schemathesis
from hypothesis import strategies

import contract


def encoded(format):
    def encode(colour):
        file = io.BytesIO()
        PIL.Image.new("RGB", (32, 24), colour).save(file, format)
        return file.getvalue()

    channel = strategies.integers(0, 255)
    return strategies.tuples(channel, channel, channel).map(encode)


schemathesis.openapi.media_type("image/png", encoded("PNG"))
schemathesis.openapi.media_type("image/jpeg", encoded("JPEG"))
schemathesis.openapi.media_type("image/x-portable-pixmap", encoded("PPM"))
schemathesis.openapi.media_type("application/octet-stream", encoded("PNG"))
schemathesis.openapi.media_type("application/x-graftd-rgb24", strategies.binary(min_size=48, max_size=48))


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.media_type == "application/x-graftd-rgb24" and isinstance(case.body, bytes):
        case.headers["Content-Type"] = "application/x-graftd-rgb24; width=4; height=4"


@functools.cache
def published():
    with open(os.environ["GRAFTD_CONTRACT"]) as file:
        return contract.Contract(file.read())


@schemathesis.check
def nothing_undocumented(context, response, case):
    """The answer's JSON has no fields but those that the contract names."""
    kind = response.headers.get("content-type", [""])[0].partition(";")[0]
    method = case.method.lower()
    if not kind.endswith("json") or method not in published().document["paths"][case.path]:
        return
    content = published().answer(case.path, method, response.status_code)["content"]
    published().check(response.json(), content[kind]["schema"])


@schemathesis.check
def archives_are_whole(context, response, case):
    """A backup can be read to its end."""
    if response.status_code == 200 and response.headers.get("content-type") == ["application/x-tar"]:
        with tarfile.open(fileobj=io.BytesIO(response.content)) as tar:
            assert "manifest.json" in tar.getnames()
