"""Twenty updates of torch.optim's SGD (Nesterov) and AdamW from given gradients.

Reads and writes float64 text so that no file format stands between the two sides:
input:  parameter values, then 20 lines of gradients; output: the parameter after each update.
"""
import sys

import torch

kind, lr, decay = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
lines = [[float(x) for x in line.split()] for line in sys.stdin]
p = torch.nn.Parameter(torch.tensor(lines[0], dtype=torch.float32))
if kind == "sgd":
    opt = torch.optim.SGD([p], lr=lr, momentum=0.9, nesterov=True, weight_decay=decay)
else:
    opt = torch.optim.AdamW([p], lr=lr, weight_decay=decay)
for line in lines[1:]:
    p.grad = torch.tensor(line, dtype=torch.float32)
    opt.step()
    print(" ".join(repr(float(x)) for x in p.detach()))
