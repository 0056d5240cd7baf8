"""Writes a ResNet-50 as torch does and measures how torch loads it into a network.

    load_weights.py FILE     prints {"ms": median, "peak_kb": largest growth of the process}
"""
import json
import statistics
import sys
import time

try:
    import torch
    import torchvision
except ImportError as missing:
    sys.stderr.write(f"missing Python package: {missing}\n")
    sys.exit(77)


def memory(title):
    for line in open("/proc/self/status"):
        if line.startswith(title):
            return int(line.split()[1])


network = torchvision.models.resnet50()
torch.save(torchvision.models.resnet50().state_dict(), sys.argv[1])
times = []
peak = 0
for _ in range(7):
    open("/proc/self/clear_refs", "w").write("5")
    before = memory("VmRSS:")
    start = time.perf_counter()
    network.load_state_dict(torch.load(sys.argv[1]))
    times.append((time.perf_counter() - start) * 1e3)
    peak = max(peak, memory("VmHWM:") - before)
print(json.dumps({"ms": statistics.median(times), "peak_kb": peak}))
