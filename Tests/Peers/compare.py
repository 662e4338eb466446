"""Times the forward pass of one image in graftd and in its peers, in turn, and prints a table in Markdown with ratios.

In each of some rounds every contestant runs some passes, one after the other, so that all of them meet the same weather; the
median is that of all rounds. `ahead` is the best peer's median divided by ours.

usage: compare.py GRAFTBENCH [--threads 1 2] [--rounds 5] [--runs 15] [--json] [ARCH ...]
"""
import argparse, json, statistics, subprocess, sys, tempfile, time
from peers import passes

ARCHS = ["efficientnet_lite0", "resnet18", "resnet50", "vgg16"]
parser = argparse.ArgumentParser()
parser.add_argument("graftbench")
parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--runs", type=int, default=15)
parser.add_argument("--json", action="store_true", help="print one line of JSON for each architecture and number of threads")
parser.add_argument("archs", nargs="*")
options = parser.parse_intermixed_args()
unknown = set(options.archs) - set(ARCHS)
if unknown: parser.error(f"no such architecture: {', '.join(sorted(unknown))}; these are: {', '.join(ARCHS)}")


def ours(arch, threads):
    """The median of graftbench's passes, ms."""
    line = subprocess.run([options.graftbench, "infer", "--arch", arch, "--threads", str(threads), "--runs", str(options.runs),
                           "--json"], capture_output=True, check=True, text=True).stdout
    return [json.loads(line)["median_ms"]]


def theirs(run):
    for _ in range(3): run()
    times = []
    for _ in range(options.runs):
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1e3)
    return times


rows = []
for threads in options.threads:
    for arch in options.archs or ARCHS:
        print(f"{arch}, {threads} thread(s)", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory() as work:
            contestants = [("graftd", lambda: ours(arch, threads))]
            contestants += [(peer, lambda run=run: theirs(run)) for peer, run in passes(arch, threads, work)]
            times = {peer: [] for peer, _ in contestants}
            for _ in range(options.rounds):
                for peer, run in contestants:
                    times[peer] += run()
                    # The threads of a library go on looking for work for a while.
                    time.sleep(0.2)
        medians = {peer: statistics.median(t) for peer, t in times.items()}
        medians["torch"] = min(medians["torch"], medians.pop("torch, channels last"))
        best = min((m, peer) for peer, m in medians.items() if peer != "graftd")
        rows.append(dict(arch=arch, threads=threads, medians_ms=medians, best_peer=best[1], ahead=best[0] / medians["graftd"]))
        if options.json: print(json.dumps(rows[-1]), flush=True)

if not options.json:
    peers = list(rows[0]["medians_ms"])
    print("| network | threads | " + " | ".join(peers) + " | ahead of the best |\n| --- |" + " ---: |" * (len(peers) + 2))
    for row in rows:
        print(f"| {row['arch']} | {row['threads']} | " + " | ".join(f"{row['medians_ms'][p]:.2f}" for p in peers)
              + f" | {row['ahead']:.2f} |")
