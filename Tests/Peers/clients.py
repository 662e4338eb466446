"""Lets public clients speak with graftd over its Unix socket; run by Tests/Peers/clients.

`triton` asks the same images by Triton's client, in every form that the Open Inference Protocol has, and compares the answers
with those of /v1/classify. `contract` runs schemathesis on /openapi.yaml. Both speak TCP only, so a bridge stands between.
`events` holds what /v1/events sends to the same document.
"""

import argparse
import asyncio
import http.client
import io
import json
import os
import pathlib
import random
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

import numpy
import PIL.Image
import tritonclient.http
import tritonclient.utils

import event_stream

HERE = pathlib.Path(__file__).resolve().parent
LABELS = ["red", "green", "blue"]


class Daemon:
    """A graftd with a state of its own, which knows three colours."""

    def __init__(self, programs, weights, folder, **settings):
        # Others may come as far as the socket, where they are refused.
        os.chmod(folder, 0o711)
        self.socket = f"{folder}/s"
        self.log = open(f"{folder}/log", "w+")
        state = f"{folder}/state"
        os.mkdir(state, 0o700)
        subprocess.run(
            [f"{programs}/graftctl", "backbone", "import", weights, "--arch", "efficientnet_lite0", "--state", state],
            check=True, stdout=subprocess.DEVNULL)
        # Jobs that train for the sake of a test must not last.
        self.process = subprocess.Popen(
            [f"{programs}/graftd", "--socket", self.socket, "--state", state],
            stderr=self.log, env=os.environ | {"GRAFTD_TRAIN_AUTOMATICALLY": "off"} | settings)
        for _ in range(600):
            try:
                if self.call("GET", "/v2/health/live")[0] == 200:
                    break
            except OSError:
                time.sleep(0.05)
        for seed in range(18):
            label = LABELS[seed % 3]
            # Squares of one colour are nearly copies; groups of their own let them be trained and tested on apart.
            status, answer = self.call(
                "POST", f"/v1/samples?label={label}&group={seed}", png(label, seed), "image/png")
            assert status == 201, answer

    def call(self, method, path, body=None, kind=None):
        response = self.response(method, path, body, kind)
        return response.status, json.loads(response.read())

    def text(self, path):
        return self.response("GET", path).read().decode()

    def response(self, method, path, body=None, kind=None):
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(self.socket)
        connection.request(method, path, body, {"Content-Type": kind} if kind else {})
        return connection.getresponse()

    def stop(self):
        assert self.process.poll() is None, "graftd ended by itself:\n" + pathlib.Path(self.log.name).read_text()
        self.process.terminate()
        status = self.process.wait(60)
        assert status == 0, f"graftd ended with {status}:\n" + pathlib.Path(self.log.name).read_text()


def png(label, seed, side=64):
    """A noisy square of the colour `label`."""
    generator = numpy.random.default_rng(seed)
    pixels = generator.integers(0, 90, (side, side, 3))
    pixels[..., LABELS.index(label)] += 150
    file = io.BytesIO()
    PIL.Image.fromarray(pixels.astype(numpy.uint8)).save(file, "PNG")
    return file.getvalue()


def bridge(path):
    """Forwards a TCP port of this machine to the Unix socket at `path`; returns the port."""
    ports = []
    ready = threading.Event()

    async def forward(reader, writer):
        try:
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
            writer.write_eof()
        except OSError:
            writer.close()

    async def connected(reader, writer):
        try:
            inner_reader, inner_writer = await asyncio.open_unix_connection(path)
        except OSError:
            return writer.close()
        await asyncio.gather(forward(reader, inner_writer), forward(inner_reader, writer))
        writer.close()
        inner_writer.close()

    async def serve():
        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        ports.append(server.sockets[0].getsockname()[1])
        ready.set()
        await server.serve_forever()

    threading.Thread(target=asyncio.run, args=(serve(),), daemon=True).start()
    ready.wait()
    return ports[0]


# --- Triton's client


def triton(daemon, port):
    client = tritonclient.http.InferenceServerClient(f"127.0.0.1:{port}")
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("graftd")
    assert client.is_model_ready("graftd", "0") and not client.is_model_ready("graftd", "17")
    assert not client.is_model_ready("another")
    assert client.get_server_metadata()["extensions"] == ["binary_tensor_data"]
    metadata = client.get_model_metadata("graftd")
    assert [tensor["name"] for tensor in metadata["inputs"]] == ["image", "pixels"], metadata
    side = metadata["inputs"][1]["shape"][1]

    images = [png(LABELS[seed % 3], 100 + seed) for seed in range(7)]
    expected = [daemon.call("POST", "/v1/classify", image, "image/png")[1] for image in images]

    def check(result, name):
        labels = [label if isinstance(label, str) else label.decode() for label in result.as_numpy("label")]
        assert labels == [answer["label"] for answer in expected], (name, labels)
        numpy.testing.assert_array_equal(
            result.as_numpy("probability"), numpy.float32([answer["probability"] for answer in expected]), name)
        assert result.get_response()["model_version"] == str(expected[0]["model"]["version"])

    encoded = tritonclient.http.InferInput("image", [len(images)], "BYTES")
    encoded.set_data_from_numpy(numpy.array(images, dtype=object), binary_data=True)
    both = [[tritonclient.http.InferRequestedOutput(name, binary_data=binary) for name in ("label", "probability")]
            for binary in (True, False)]
    check(client.infer("graftd", [encoded]), "images, by default")
    check(client.infer("graftd", [encoded], outputs=both[0]), "images, binary outputs")
    check(client.infer("graftd", [encoded], outputs=both[1]), "images, JSON outputs")
    check(client.infer("graftd", [encoded], model_version="0", request_id="x"), "images, by version")
    answer = client.infer("graftd", [encoded], request_id="mine").get_response()
    assert answer["id"] == "mine" and answer["model_name"] == "graftd", answer

    # An image of just the side that the network sees is neither resized nor cropped, so its pixels are the same by both ways.
    config = [png(LABELS[seed % 3], 200 + seed, side=side) for seed in range(7)]
    pixels = numpy.stack([numpy.float32(PIL.Image.open(io.BytesIO(image))) for image in config])
    features = [tritonclient.http.InferRequestedOutput("features")]
    values = tritonclient.http.InferInput("pixels", pixels.shape, "FP32")
    for binary in (True, False):
        values.set_data_from_numpy(pixels, binary_data=binary)
        found = client.infer("graftd", [values], outputs=features).as_numpy("features")
        assert found.shape == (7, metadata["outputs"][2]["shape"][1]) and numpy.isfinite(found).all()
        # Nobody else computes these; alone and in a batch they are the same.
        values_alone = tritonclient.http.InferInput("pixels", (1, side, side, 3), "FP32")
        values_alone.set_data_from_numpy(pixels[3:4], binary_data=binary)
        alone = client.infer("graftd", [values_alone], outputs=features).as_numpy("features")
        numpy.testing.assert_array_equal(found[3:4], alone)

    def refused(says, inputs, **options):
        try:
            client.infer(options.pop("model", "graftd"), inputs, **options)
        except tritonclient.utils.InferenceServerException as error:
            assert says in str(error), error
        else:
            raise AssertionError(f"not refused: {says}")

    wrong = tritonclient.http.InferInput("pixels", (1, 2, 2, 3), "FP32")
    wrong.set_data_from_numpy(numpy.zeros((1, 2, 2, 3), numpy.float32))
    refused(f"[n, {side}, {side}, 3]", [wrong])
    refused("expected the model", [encoded], model="another")
    refused("version 17", [encoded], model_version="17")
    refused("'label'", [encoded], outputs=[tritonclient.http.InferRequestedOutput("other")])
    junk = tritonclient.http.InferInput("image", [1], "BYTES")
    junk.set_data_from_numpy(numpy.array([b"no image"], dtype=object))
    refused("image", [junk])
    assert daemon.call("POST", "/v2/models/graftd/infer", b"{", "application/json")[0] == 400


# --- the stream of events


def events(programs, weights):
    """A daemon of its own, which keeps images, so that another backbone has something to extract again."""
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(programs, weights, folder, GRAFTD_KEEP="thumbnail")

        def import_another():
            # The same weights, which see images of another size.
            subprocess.run(
                [f"{programs}/graftctl", "backbone", "import", weights, "--arch", "efficientnet_lite0", "--size", "128",
                 "--name", "another", "--socket", daemon.socket], check=True, stdout=subprocess.DEVNULL)

        try:
            event_stream.events(daemon, png, import_another)
        except BaseException:
            daemon.process.kill()
            raise


# --- schemathesis


def contract(daemon, port, folder, examples, seed):
    document = pathlib.Path(folder, "openapi.yaml")
    document.write_text(daemon.text("/openapi.yaml"))
    # A version to show, export and activate, unless it is forgotten.
    assert daemon.call("POST", "/v1/train", b'{"strategy": "head"}', "application/json")[0] == 202
    while daemon.call("GET", "/v1/train")[1]["state"] == "running":
        time.sleep(0.1)
    url = f"http://127.0.0.1:{port}"
    run = subprocess.Popen(
        [f"{sys.prefix}/bin/schemathesis", "--config-file", f"{HERE}/schemathesis.toml", "run", f"{url}/openapi.yaml",
         "--url", url, "--max-examples", str(examples), "--seed", str(seed), "--no-color",
         "--request-timeout", "60", "--continue-on-failure", "--exclude-operation-id", "listenToEvents"],
        cwd=folder, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": str(HERE),
                          "GRAFTD_CONTRACT": str(document)})
    counts = {}
    for line in run.stdout:
        print(line, end="", flush=True)
        if found := re.match(r" *(Selected|Tested): (\d+)", line):
            counts[found[1]] = int(found[2])
    if run.wait() != 0:
        raise SystemExit(f"schemathesis ended with {run.returncode}")
    # A thread of it that dies takes the operations with it that it had still to try, and nobody is told.
    assert counts["Tested"] == counts["Selected"] > 0, counts


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("programs", help="the folder of graftd and graftctl")
    parser.add_argument("weights", help="the checkpoint of EfficientNet-Lite0")
    parser.add_argument("--examples", type=int, default=20, help="how often each operation is tried in each phase")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="*", choices=["triton", "events", "contract"],
                        default=["triton", "events", "contract"])
    options = parser.parse_args()
    random.seed(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(options.programs, options.weights, folder)
        try:
            port = bridge(daemon.socket)
            if "triton" in options.only:
                triton(daemon, port)
                print("Triton's client: every answer as expected")
            if "contract" in options.only:
                contract(daemon, port, folder, options.examples, options.seed)
        except BaseException:
            daemon.process.kill()
            raise
        daemon.stop()
    if "events" in options.only:
        events(options.programs, options.weights)


main()
