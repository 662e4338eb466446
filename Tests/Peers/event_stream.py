"""What /v1/events sends, held to what /openapi.yaml says of it; part of Tests/Peers/clients.

A stream has no end, so that schemathesis would wait for it for ever. Here every event that the contract names is caused once,
and each that comes has to be named there and to have the shape, and no more, that stands there.
"""

import http.client
import json
import os
import queue
import socket
import threading
import time

import contract as contracts

PATH = "/v1/events"


def request(path, method):
    """The answer's head; its body is read by whoever wants it."""
    connection = http.client.HTTPConnection("localhost", timeout=60)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(60)
    connection.sock.connect(path)
    connection.request(method, PATH)
    return connection.getresponse()


def check_problem(response, contract, kind):
    problem = json.loads(response.read())
    contract.check(problem, {"$ref": "#/components/schemas/Problem"})
    assert response.getheader("Content-Type") == "application/problem+json", response.headers
    assert problem["type"] == f"urn:graftd:problem:{kind}" and problem["status"] == response.status, problem


class Listener:
    """Reads a stream as WHATWG's HTML has it, and keeps each event and each comment."""

    def __init__(self, path):
        self.response = request(path, "GET")
        assert self.response.status == 200, self.response.status
        assert self.response.getheader("Content-Type") == "text/event-stream", self.response.headers
        assert self.response.getheader("Cache-Control") == "no-store", self.response.headers
        assert self.line() == ": graftd" and self.line() == "", "no comment shows at once that the stream has begun"
        self.opened = time.monotonic()
        self.events = queue.Queue()
        self.comments = []
        self.failure = None
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def line(self):
        """The next line; nil where the stream has ended as it should, not within a line or a chunk."""
        line = self.response.readline()
        if not line:
            return None
        assert line.endswith(b"\n"), line
        return line[:-1].decode()

    def read(self):
        try:
            fields = {}
            while (line := self.line()) is not None:
                if line.startswith(":"):
                    self.comments.append(time.monotonic() - self.opened)
                elif line:
                    name, separator, value = line.partition(": ")
                    assert separator and name in ("event", "data") and name not in fields, line
                    fields[name] = value
                elif fields:
                    self.events.put((fields["event"], json.loads(fields["data"])))
                    fields = {}
            assert not fields, "the stream ended within an event"
        except BaseException as error:
            self.failure = error
        self.events.put(("the end", None))

    def next(self):
        event = self.events.get(timeout=120)
        if self.failure:
            raise self.failure
        return event

    def until(self, name, isLast=lambda value: True):
        """The events up to one of this name for which `isLast`, that one included."""
        found = []
        while True:
            found.append(self.next())
            assert found[-1][0] != "the end", found
            if found[-1][0] == name and isLast(found[-1][1]):
                return found


def refused(daemon, contract):
    """What is no GET, or comes from somebody without a role."""
    options = request(daemon.socket, "OPTIONS")
    assert options.status == 204 and options.getheader("Allow") == "GET, OPTIONS", (options.status, options.headers)
    for method in ("POST", "PUT", "PATCH", "DELETE", "TRACE", "HEAD"):
        response = request(daemon.socket, method)
        assert response.status == 405, (method, response.status)
        assert response.getheader("Allow") == "GET, OPTIONS", (method, response.headers)
        if method == "HEAD":
            assert response.read() == b""
        else:
            check_problem(response, contract, "method-not-allowed")
    if os.geteuid() != 0:
        return print("Events: somebody without a role was not tried, which needs root")
    # The threads of this process keep their user; a child that is somebody else tells how it went by its status.
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            response = request(daemon.socket, "GET")
            assert response.status == 403, response.status
            check_problem(response, contract, "forbidden")
            os._exit(0)
        except BaseException as error:
            print(repr(error), flush=True)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == 0, "somebody without a role was not refused as the contract says"


def events(daemon, picture, import_another):
    """Causes every event once.

    `picture(label, seed)` makes an image; `import_another` lets another backbone answer.
    """
    contract = contracts.Contract(daemon.text("/openapi.yaml"))
    kinds = contract.answer(PATH, "get", 200)["content"]["text/event-stream"]["x-graftd-events"]
    refused(daemon, contract)
    listener, second = Listener(daemon.socket), Listener(daemon.socket)
    seen = []

    def expect(last, isLast=lambda value: True):
        found = listener.until(last, isLast)
        for name, value in found:
            assert name in kinds, f"the contract does not name the event '{name}'"
            contract.check(value, kinds[name])
        seen.extend(found)
        return found

    def teach(label, shows, seed):
        status, answer = daemon.call(
            "POST", f"/v1/samples?label={label}&group={seed}", picture(shows, seed), "image/png")
        assert status == 201, answer
        heard = expect("sample")
        assert heard[-1] == ("sample", answer), (heard, answer)
        return heard[:-1]

    def train(request, ending):
        status, answer = daemon.call("POST", "/v1/train", json.dumps(request), "application/json")
        assert status == 202, answer
        found = expect("train", lambda job: job["state"] != "running")
        jobs = [value for name, value in found if name == "train"]
        assert {job["id"] for job in jobs} == {answer["id"]}, jobs
        progress = [job["progress"] for job in jobs]
        assert progress == sorted(progress) and jobs[-1]["state"] == ending, jobs
        assert daemon.call("GET", "/v1/train")[1] == jobs[-1]
        others = [(name, value) for name, value in found if name != "train"]
        assert [name for name, _ in others] == [ending], others
        return jobs[-1]["version"], others[0][1]

    # Every label has to have enough samples in each fold for a version to know it.
    labels = ["red", "green", "blue"]
    for seed in range(300, 324):
        assert teach(labels[seed % 3], labels[seed % 3], seed) == []
    number, published = train({"strategy": "head"}, "published")
    assert published["version"] == number, published
    for version in (0, published["version"]):
        status, answer = daemon.call("POST", f"/v1/versions/{version}/activate")
        assert status == 200 and expect("activated") == [("activated", answer)], answer

    # From now on red is called green and so on: the version is wrong, where the one before learns it.
    for seed in range(400, 520):
        if others := teach(labels[(seed + 1) % 3], labels[seed % 3], seed):
            break
    assert [name for name, _ in others] == ["rolled_back"], others
    back = others[0][1]
    assert back["model"]["version"] == 0 and back["previous"] == published["version"] and back["reason"], back

    # Each colour then has three names in equal parts: whatever is trained guesses, and cannot show that it guesses no worse.
    for seed in range(600, 642):
        assert teach(labels[(seed + 2) % 3], labels[seed % 3], seed) == []
    number, rejected = train({"strategy": "head"}, "rejected")
    assert rejected["version"] == number and rejected["reason"], rejected

    import_another()
    extraction = [value for _, value in expect("extraction", lambda progress: progress["waiting"] == 0)]
    done = [value["done"] for value in extraction if "done" in value]
    assert done == sorted(done) and done[-1] == daemon.call("GET", "/v1/status")[1]["samples"], extraction

    missing = set(kinds) - {name for name, _ in seen}
    assert not missing, f"the contract names events that never came: {missing}"
    # Where nothing else comes, something does all the same: intermediaries and listeners see that the stream lives.
    while not listener.comments:
        assert time.monotonic() - listener.opened < 30, "no comment came in 30 seconds"
        time.sleep(0.1)
    assert 14 < listener.comments[0] < 30, listener.comments

    daemon.stop()
    assert listener.next() == ("the end", None) == second_end(second, seen), "stopping did not end the streams"
    print(f"Events: {len(seen)} of all {len(kinds)} kinds, each as the contract has them")


def second_end(second, seen):
    """What follows at another listener, which heard the same."""
    for event in seen:
        assert second.next() == event, "two listeners heard different things"
    return second.next()
