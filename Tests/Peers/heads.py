"""Fits multinomial logistic regression to the same features in graftd and in scikit-learn, in turn, and prints a table in Markdown.

Both minimise the same objective from 0, over the same square roots of the features as 32-bit floats: scikit-learn with its
defaults but for enough iterations to converge, with one thread and with as many as there are cores, of which the faster counts;
graftd as `graftbench fit` does, with all cores. `ahead` is scikit-learn's median time divided by ours; the losses are those of
one function, so that one can see who went how far.

usage: heads.py GRAFTBENCH CLIPART.npz [FASHION.npz] [--rounds 3] [--threads 1 2] [--json]
The files are those that the peers' features.py makes: X, Y, and trainX, trainY, testX, testY.
"""
import argparse, json, os, statistics, subprocess, sys, tempfile, time, warnings
import numpy as np
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

warnings.filterwarnings("ignore")
parser = argparse.ArgumentParser()
parser.add_argument("graftbench")
parser.add_argument("clipart")
parser.add_argument("fashion", nargs="?")
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--json", action="store_true", help="print one line of JSON for each case")
cores = len(os.sched_getaffinity(0))
parser.add_argument("--threads", type=int, nargs="+", default=sorted({1, cores}), help="scikit-learn's, of which the faster counts")
options = parser.parse_intermixed_args()


def split(labels, seed, fraction=.3):
    """Whether each sample trains, and whether it tests: stratified, as in all of our measurements on clip art."""
    random, test = np.random.default_rng(seed), np.zeros(len(labels), bool)
    for label in range(labels.max() + 1):
        rows = np.where(labels == label)[0]
        random.shuffle(rows)
        test[rows[:int(round(fraction * len(rows)))]] = True
    return ~test, test


def loss(W, b, X, Y, C, balanced):
    """Mean loss + ‖W‖² / (2 · C · N), in 64 bits."""
    scores = X.astype(np.float64) @ W.T.astype(np.float64) + b
    scores -= scores.max(1, keepdims=True)
    losses = np.log(np.exp(scores).sum(1)) - scores[np.arange(len(Y)), Y]
    weights = 1 / np.bincount(Y)[Y] / (Y.max() + 1) if balanced else np.full(len(Y), 1 / len(Y))
    return float(weights @ losses + (W.astype(np.float64) ** 2).sum() / (2 * C * len(Y)))


def accuracies(predicted, Y):
    return float((predicted == Y).mean()), float(np.mean([(predicted[Y == c] == c).mean() for c in np.unique(Y)]))


def ours(prefix, C, balanced):
    line = subprocess.run(
        [options.graftbench, "fit", "--train", f"{prefix}-train", "--test", f"{prefix}-test", "--c", str(C), "--runs", "1",
         "--threads", str(cores), "--roots", f"{prefix}-roots", "--json"] + ["--balanced"] * balanced,
        capture_output=True, check=True, text=True).stdout
    return json.loads(line)


def theirs(prefix, C, balanced, threads):
    X, T = (np.load(f"{prefix}-roots-{part}X.npy") for part in ("train", "test"))
    Y, U = (np.load(f"{prefix}-{part}Y.npy").astype(int) for part in ("train", "test"))
    model = LogisticRegression(C=C, max_iter=10_000, class_weight="balanced" if balanced else None)
    start, cpu = time.perf_counter(), time.process_time()
    with threadpool_limits(threads): model.fit(X, Y)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    reached = accuracies(model.predict(T), U)
    return dict(seconds=seconds, cpu_seconds=cpu, loss=loss(model.coef_, model.intercept_, X, Y, C, balanced),
                iterations=int(model.n_iter_[0]), accuracy=reached[0], balanced=reached[1])


def cases():
    d = np.load(options.clipart)
    X, Y = d["X"], d["Y"]
    for seed in range(3):
        train, test = split(Y, seed)
        for balanced in (False, True):
            yield f"clip art, split {seed}", balanced, (X[train], Y[train], X[test], Y[test])
    if options.fashion:
        d = np.load(options.fashion)
        for balanced in (False, True):
            yield "Fashion-MNIST", balanced, (d["trainX"], d["trainY"], d["testX"], d["testY"])


C = 0.3
rows = []
for name, balanced, arrays in cases():
    print(name, "balanced" if balanced else "", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as work:
        prefix = f"{work}/case"
        for part, array in zip(("trainX", "trainY", "testX", "testY"), arrays):
            np.save(f"{prefix}-{part}.npy", np.ascontiguousarray(array, dtype="<f4"))
        runs = [(ours(prefix, C, balanced), *(theirs(prefix, C, balanced, n) for n in options.threads)) for _ in range(options.rounds)]
    row = dict(case=name, balanced=balanced, shape=(*arrays[0].shape, int(arrays[1].max()) + 1))
    medians = [dict(results[-1], seconds=statistics.median(r["seconds"] for r in results),
                    cpu_seconds=statistics.median(r["cpu_seconds"] for r in results)) for results in zip(*runs)]
    row["graftd"], row["scikit_learn"] = medians[0], min(medians[1:], key=lambda m: m["seconds"])
    row["ahead"] = row["scikit_learn"]["seconds"] / row["graftd"]["seconds"]
    row["ahead_cpu"] = row["scikit_learn"]["cpu_seconds"] / row["graftd"]["cpu_seconds"]
    rows.append(row)
    if options.json: print(json.dumps(row), flush=True)

if not options.json:
    print(f"C = {C}, {cores} core(s), median of {options.rounds}\n")
    print("| case | N × D × L | labels count | graftd s | scikit-learn s | ahead | ahead in CPU time | loss | accuracy |")
    print("| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for r in rows:
        a, b = r["graftd"], r["scikit_learn"]
        print(f"| {r['case']} | {' × '.join(map(str, r['shape']))} | {'the same' if r['balanced'] else 'by samples'} "
              f"| {a['seconds']:.3f} | {b['seconds']:.3f} | {r['ahead']:.1f} | {r['ahead_cpu']:.1f} "
              f"| {a['loss']:.5f}, {b['loss']:.5f} | {a['accuracy']:.4f}, {b['accuracy']:.4f} |")
