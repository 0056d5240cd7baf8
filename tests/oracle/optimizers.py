"""Twenty updates of torch.optim's SGD (Nesterov) and AdamW from given gradients.

Reads and writes float64 text so that no file format stands between the two sides:
input:  parameter values, then 20 lines of gradients; output: the parameter after each update.
"average" takes the weights after each update instead and gives their moving averages.
"""
import sys

import torch

kind, lr, decay = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
lines = [[float(x) for x in line.split()] for line in sys.stdin]
if kind == "average":
    # Each line holds the weights after a step; out come their averages.
    model = torch.nn.Module()
    model.p = torch.nn.Parameter(torch.zeros(len(lines[0])))

    def mean(average, value, count):
        keep = min(decay, float((1 + count) / (10 + count)))
        return keep * average + (1 - keep) * value

    averaged = torch.optim.swa_utils.AveragedModel(model, avg_fn=mean)
    for line in lines:
        model.p.data = torch.tensor(line, dtype=torch.float32)
        averaged.update_parameters(model)
        print(" ".join(repr(float(x)) for x in averaged.module.p.detach()))
    sys.exit()
p = torch.nn.Parameter(torch.tensor(lines[0], dtype=torch.float32))
if kind == "sgd":
    opt = torch.optim.SGD([p], lr=lr, momentum=0.9, nesterov=True, weight_decay=decay)
else:
    opt = torch.optim.AdamW([p], lr=lr, weight_decay=decay)
for line in lines[1:]:
    p.grad = torch.tensor(line, dtype=torch.float32)
    opt.step()
    print(" ".join(repr(float(x)) for x in p.detach()))
