"""Solves a multinomial logistic regression with scikit-learn, for comparison.

logistic.py FILE ROWS COLUMNS CLASSES C WEIGHTED: FILE holds ROWS x COLUMNS float32 and then ROWS
int64 targets. Prints the objective (sum of cross-entropies + |w|^2 / 2C) and then one predicted
class per line. WEIGHTED 1: class k counts k + 1 times.
"""
import sys

try:
    import numpy as np
    from sklearn.linear_model import LogisticRegression
except ImportError as missing:
    print(missing, file=sys.stderr)
    sys.exit(77)

path, rows, columns, classes, strength, weighted = sys.argv[1:]
rows, columns, classes, strength = int(rows), int(columns), int(classes), float(strength)
with open(path, "rb") as file:
    x = np.frombuffer(file.read(rows * columns * 4), np.float32).reshape(rows, columns)
    y = np.frombuffer(file.read(rows * 8), np.int64)
x = x.astype(np.float64)
weights = {k: k + 1.0 for k in range(classes)} if weighted == "1" else None
model = LogisticRegression(
    C=strength, multi_class="multinomial", tol=1e-8, max_iter=20000, class_weight=weights
).fit(x, y)
coef, intercept = model.coef_, model.intercept_
if classes == 2:  # one column of differences: the symmetric pair has half of it each
    coef = np.concatenate([-coef, coef])
    intercept = np.concatenate([-intercept, intercept])
logits = x @ coef.T + intercept
logits -= logits.max(1, keepdims=True)
logs = logits - np.log(np.exp(logits).sum(1, keepdims=True))
each = -logs[np.arange(rows), y] * (1.0 if weights is None else y + 1.0)
print(repr(each.sum() + (coef**2).sum() / (2 * strength)))
print("\n".join(map(str, logits.argmax(1))))
