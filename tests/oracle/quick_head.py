"""Judges a linear head and the choice of its strength with scikit-learn.

quick_head.py FILE ROWS COLUMNS CLASSES C SEED: FILE holds ROWS x COLUMNS float32 features as the
head takes them, ROWS int64 targets and ROWS int64 groups. Prints "objective X", the objective at C;
"answers A B ...", its answer to each row; and for each C on the grid "loss C X", the mean loss of
left-out rows in StratifiedGroupKFold.
"""
import sys

try:
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold
except ImportError as missing:
    print(missing, file=sys.stderr)
    sys.exit(77)

path, rows, columns, classes, strength, seed = sys.argv[1:]
rows, columns, classes, strength = int(rows), int(columns), int(classes), float(strength)
with open(path, "rb") as file:
    x = np.frombuffer(file.read(rows * columns * 4), np.float32).reshape(rows, columns)
    y = np.frombuffer(file.read(rows * 8), np.int64)
    groups = np.frombuffer(file.read(rows * 8), np.int64)
x = x.astype(np.float64)


def fit(features, targets, c, tolerance):
    # In scikit-learn two classes have one column with half the penalty of a symmetric pair.
    return LogisticRegression(
        C=c, multi_class="multinomial", tol=tolerance, max_iter=20000
    ).fit(features, targets)


def logs_of(model, features):
    coef, intercept = model.coef_, model.intercept_
    if classes == 2:
        coef = np.concatenate([-coef, coef])
        intercept = np.concatenate([-intercept, intercept])
    logits = features @ coef.T + intercept
    logits -= logits.max(1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(1, keepdims=True)), (coef**2).sum()


whole = fit(x, y, strength, 1e-8)
logs, squares = logs_of(whole, x)
print("objective", repr(-logs[np.arange(rows), y].sum() + squares / (2 * strength)))
print("answers", *logs.argmax(1))
parts = StratifiedGroupKFold(5, shuffle=True, random_state=int(seed))
parts = list(parts.split(x, y, np.where(groups == 0, -np.arange(rows) - 1, groups)))
for half in range(-10, 3):
    c = 10.0 ** (half / 2)
    losses = []
    for fitted, left in parts:
        held, _ = logs_of(fit(x[fitted], y[fitted], c, 1e-4), x[left])
        losses.extend(-held[np.arange(len(left)), y[left]])
    print("loss", repr(c), repr(np.mean(losses)))
