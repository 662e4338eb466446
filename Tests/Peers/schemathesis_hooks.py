"""What schemathesis cannot know of graftd's bodies: images are made here."""

import io

import PIL.Image
import schemathesis
from hypothesis import strategies


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
