#!/usr/bin/python3
"""How long threads of OpenMP that wait for each other should spin before they sleep: seconds a
training step by GOMP_SPINCOUNT, on the machine as it is and beside 1, 2 ... busy programs.

    tests/bench/compare/waiting.py [--networks resnet18,mobilenet_v2] [--neighbours 0,1,2,3]

Every figure is the median over the rounds; in a round all settings take turns, so that what else
the machine does meets them alike. The setting of app/launcher.cpp was chosen from this table.
"""
import argparse
import os
import statistics
import subprocess
import sys
import time

# "" is libgomp's own choice, which depends on the number of threads and processors.
SETTINGS = ["", "0", "1000", "10000", "100000", "1000000", "active"]


def child(network, steps):
    import torch
    import torchvision
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    torch.manual_seed(1)
    model = getattr(torchvision.models, network)(num_classes=10)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    pictures, targets = torch.randn(8, 3, 128, 128), torch.randint(0, 10, (8,))
    times = []
    for _ in range(steps + 1):
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        torch.nn.functional.cross_entropy(model(pictures), targets).backward()
        optimizer.step()
        times.append(time.perf_counter() - start)
    print(statistics.median(times[1:]))


def run(network, steps, setting):
    environment = {key: value for key, value in os.environ.items()
                   if key not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    if setting == "active":
        environment["OMP_WAIT_POLICY"] = "active"
    elif setting:
        environment["GOMP_SPINCOUNT"] = setting
    out = subprocess.run([sys.executable, os.path.abspath(__file__), "--child", network, "--steps",
                          str(steps)], env=environment, check=True, capture_output=True, text=True)
    return float(out.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", default="resnet18,mobilenet_v2")
    parser.add_argument("--neighbours", default="0,1,2,3")
    parser.add_argument("--settings", default=",".join(SETTINGS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--child", default="", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        child(args.child, args.steps)
        return
    settings = args.settings.split(",")
    print("| network | busy programs | " +
          " | ".join(setting or "libgomp's own" for setting in settings) + " |")
    print("|---|---:|" + "---:|" * len(settings))
    for network in args.networks.split(","):
        for count in map(int, args.neighbours.split(",")):
            busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"])
                    for _ in range(count)]
            try:
                times = {setting: [] for setting in settings}
                for _ in range(args.rounds):
                    for setting in settings:
                        times[setting].append(run(network, args.steps, setting))
            finally:
                for one in busy:
                    one.kill()
            print(f"| {network} | {count} | " +
                  " | ".join(f"{1000 * statistics.median(times[setting]):.0f} ms"
                             for setting in settings) + " |", flush=True)


if __name__ == "__main__":
    main()
