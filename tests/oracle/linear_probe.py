"""Logistic regression on features that Graft computed.

usage: linear_probe.py FEATURES
FEATURES is a safetensors file with train [N, F], train_labels [N], test [M, F], test_labels [M].
Prints the accuracy on test; the strength is chosen by cross-validation on train.
"""
import sys

try:
    import numpy as np
    from sklearn.linear_model import LogisticRegressionCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
except ImportError as missing:
    sys.stderr.write(f"missing Python package: {missing}\n")
    sys.exit(77)

import simple_safetensors

data = simple_safetensors.read(sys.argv[1])
probe = make_pipeline(StandardScaler(),
                      LogisticRegressionCV(Cs=np.logspace(-5, 0, 6), cv=5, max_iter=2000))
probe.fit(data["train"], data["train_labels"])
print(probe.score(data["test"], data["test_labels"]))
