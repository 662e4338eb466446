"""Makes oracles.json: what NumPy (64-bit) and scikit-learn compute for a tiny data set.

usage: make.py > oracles.json       with numpy 1.26 or later and scikit-learn 1.5 or later
"""
import json
import sys

import numpy as np
from sklearn.linear_model import LogisticRegression

random = np.random.default_rng(20)
L, D, UNIT = 3, 6, 2048
counts = [14, 5, 9]
labels = np.repeat(np.arange(L), counts)
centres = random.normal(0, 0.5, (L, D))
mixing = random.normal(0, 0.4, (D, D))
values = np.round((centres[labels] + random.normal(0, 1, (len(labels), D)) @ mixing) * UNIT).astype(int)
X = values / UNIT

# The shrunk discriminant, with weights and biases reduced by their means over labels, which softmax does not see.
shrinkage, temperature = 0.3, 2.5
means = np.stack([X[labels == c].mean(0) for c in range(L)])
Z = X - means[labels]
S = Z.T @ Z / len(X)
A = (1 - shrinkage) * S + shrinkage * np.trace(S) / D * np.eye(D)
W = np.linalg.solve(A, means.T).T
b = -0.5 * (W * means).sum(1)
queries = np.round(random.normal(0, 0.7, (4, D)) * UNIT).astype(int)
logits = (queries / UNIT @ W.T + b) / temperature
p = np.exp(logits - logits.max(1, keepdims=True))
p /= p.sum(1, keepdims=True)

# scikit-learn minimises C * sum of losses + |w|^2 / 2; ours is the weighted mean of losses + strength * |w|^2 / 2.
strength = 0.05
def optimum(balance):
    weight = dict(samples=None, labels='balanced')[balance]
    fit = LogisticRegression(C=1 / (strength * len(X)), class_weight=weight, tol=1e-10, max_iter=10000).fit(X, labels)
    return dict(weights=fit.coef_.ravel().tolist(), bias=(fit.intercept_ - fit.intercept_.mean()).tolist())

json.dump(dict(
    values=values.ravel().tolist(), labels=labels.tolist(), featureCount=D, shrinkage=shrinkage, temperature=temperature,
    weights=(W - W.mean(0)).ravel().tolist(), queries=queries.tolist(), probabilities=p.tolist(), strength=strength,
    perSample=optimum('samples'), perLabel=optimum('labels')), sys.stdout)
