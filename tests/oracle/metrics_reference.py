"""sklearn's scores of random labels: reads a JSON list of {truth, predicted, classes}."""
import json
import sys

try:
    from sklearn import metrics
except ImportError as fault:
    print(fault, file=sys.stderr)
    sys.exit(77)

results = []
for case in json.load(sys.stdin):
    labels = list(range(case["classes"]))
    truth, predicted = case["truth"], case["predicted"]

    def scores(average):
        p, r, f, support = metrics.precision_recall_fscore_support(
            truth, predicted, labels=labels, average=average, zero_division=0)
        return [p, r, f] if average else [list(p), list(r), list(f), [int(n) for n in support]]

    results.append({
        "accuracy": metrics.accuracy_score(truth, predicted),
        "per_class": scores(None),
        "macro": scores("macro"),
        "weighted": scores("weighted"),
        "confusion": metrics.confusion_matrix(truth, predicted, labels=labels).tolist(),
    })
json.dump(results, sys.stdout)
