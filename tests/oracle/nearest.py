"""The nearest rows by scikit-learn.

nearest.py FILE ROWS COLUMNS K: FILE holds ROWS x COLUMNS float32; row 0 is the question, the others
are searched after their mean is taken off. Prints K lines "row cosine".
"""
import sys

try:
    import numpy as np
    from sklearn.neighbors import NearestNeighbors
except ImportError as missing:
    print(missing, file=sys.stderr)
    sys.exit(77)

path, rows, columns, count = sys.argv[1:]
x = np.fromfile(path, np.float32).reshape(int(rows), int(columns)).astype(np.float64)
x -= x[1:].mean(0)
search = NearestNeighbors(n_neighbors=int(count), metric="cosine", algorithm="brute").fit(x[1:])
distances, found = search.kneighbors(x[:1])
for distance, row in zip(distances[0], found[0]):
    print(row, repr(1 - distance))
