#!/usr/bin/python3
"""Trains the same network on the same pictures with torchvision's way (script.py: as it comes, and
tuned) and with graft-cli, in turns, several rounds, and prints medians, ratios and peak memory.

    tests/bench/compare/compare.py DATA [--network resnet18] [--freeze backbone] [--rounds 5]

DATA holds train and val, one folder a class in each. Times count whole processes, from start to
end: imports, first steps and validation of every epoch included. Memory is the largest sum of the
proportional sizes (PSS) of the process and all its children. Both keep their best epoch, whose
accuracy counts. Each round has its own seed.

With --weights both begin with the same pretrained weights; with --as-it-comes Graft trains as it
decides itself, and only the script is told how: the time to a result.
"""
import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
# The same random changes as the script's: crop of 8 to 100 % of the area, flip.
AUGMENT = ["--augment", "none"] + [
    word for change in ("crop_min_area=0.08", "crop_max_aspect=1.3333", "flip_horizontal=0.5")
    for word in ("--augment-set", change)]


def parse():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--network", default="resnet18")
    parser.add_argument("--freeze", default="none",
                        help="backbone, or stages by Graft's names, with commas")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--image-size", type=int, default=224)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--graft", default=os.path.join(ROOT, "build", "bin", "graft-cli"))
    parser.add_argument("--graft-option", action="append", default=[], metavar="TEXT",
                        help='more flags for `graft-cli train`, for example "--precision fp32"')
    parser.add_argument("--weights", default="", help="pretrained ones (safetensors) for both")
    parser.add_argument("--as-it-comes", action="store_true",
                        help="Graft is told nothing but the weights and the seed")
    parser.add_argument("--python", default="/usr/bin/python3", help="has torch and torchvision")
    parser.add_argument("--other-python", default="", help="another one, of a newer PyTorch")
    parser.add_argument("--scripts", default="plain,tuned", help="which of them run: plain, tuned")
    parser.add_argument("--json", default="", help="also writes every single figure there")
    return parser.parse_args()


def tree(pid):
    """The process and everything it started."""
    children = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as stat:
                parent = int(stat.read().rsplit(")", 1)[1].split()[1])
            children.setdefault(parent, []).append(int(name))
        except OSError:
            pass  # it ended meanwhile
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def pss(pid):
    total = 0
    for one in tree(pid):
        try:
            with open(f"/proc/{one}/smaps_rollup") as rollup:
                total += next(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
        except (OSError, StopIteration):
            pass
    return total * 1024


def measure(command, environment):
    """Runs it; whole seconds, peak bytes, and (seconds since start, line) of its output."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env={**os.environ, **environment})
    peak, done = [0], threading.Event()

    def watch():
        while not done.wait(0.2):
            peak[0] = max(peak[0], pss(process.pid))

    errors = []
    watcher = threading.Thread(target=watch)
    drain = threading.Thread(target=lambda: errors.append(process.stderr.read()))
    watcher.start()
    drain.start()
    lines = [(time.perf_counter() - start, line.rstrip()) for line in process.stdout]
    code = process.wait()
    seconds = time.perf_counter() - start
    done.set()
    watcher.join()
    drain.join()
    if code != 0:
        raise RuntimeError(f"{' '.join(command)}\nended with {code}:\n{errors[0][-1500:]}")
    return seconds, peak[0], lines


class Script:
    def __init__(self, name, args, python, tuned):
        self.name, self.args, self.python = name, args, python
        self.environment, self.options = {}, ["--threads", str(args.threads), "--workers", "2"]
        if tuned:
            self.tune()

    def command(self, more):
        args = self.args
        return [self.python, os.path.join(HERE, "script.py"), args.data, "--network", args.network,
                "--freeze", args.freeze, "--batch-size", str(args.batch_size), "--image-size",
                str(args.image_size), "--weights", args.weights] + more

    def tune(self):
        """The fastest of what an expert tries, by a few steps each; what throws is out."""
        self.environment = {"GOMP_SPINCOUNT": "10000"}
        best = None
        for numbers in (["--bf16"], []):
            for workers in (1, 2, self.args.threads):
                options = ["--channels-last", "--threads", str(self.args.threads), "--workers",
                           str(workers)] + numbers
                try:
                    _, _, lines = measure(self.command(options + ["--epochs", "1", "--steps", "5"]),
                                          self.environment)
                except RuntimeError as fault:
                    print(f"{self.name}: {' '.join(options)} throws: "
                          f"{str(fault).strip().splitlines()[-1]}", file=sys.stderr)
                    break
                rate = json.loads(lines[-1][1])["images_per_second"]
                if best is None or rate > best[0]:
                    best = (rate, options)
        if best is None:
            raise SystemExit(f"{self.name}: nothing works")
        self.options = best[1]
        print(f"{self.name}: {' '.join(self.options)}", file=sys.stderr)

    def run(self, folder, seed):
        seconds, peak, lines = measure(
            self.command(self.options + ["--epochs", str(self.args.epochs), "--seed", str(seed),
                                         "--save", os.path.join(folder, "best.pt")]),
            self.environment)
        epochs = [(at, json.loads(line)) for at, line in lines if line.startswith("{")]
        return result(seconds, peak, [at for at, _ in epochs],
                      [one["images_per_second"] for _, one in epochs],
                      max(one["accuracy"] for _, one in epochs))


class Graft:
    def __init__(self, name, args):
        self.name, self.args = name, args

    def options(self, seed):
        args = self.args
        found = ["--seed", str(seed)] + [word for text in args.graft_option for word in text.split()]
        if args.weights:
            found += ["--weights", args.weights]
        if args.as_it_comes:
            return found
        return found + ["--backbone", args.network, "--epochs", str(args.epochs), "--batch-size",
                        str(args.batch_size), "--image-size", str(args.image_size), "--freeze",
                        args.freeze] + AUGMENT

    def run(self, folder, seed):
        args = self.args
        project = os.path.join(folder, "compare.graft")
        subprocess.run([args.graft, "import", args.data, "--project", project], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        seconds, peak, lines = measure([args.graft, "train", project] + self.options(seed),
                                       {"OMP_NUM_THREADS": str(args.threads)})
        epochs = []
        for at, line in lines:
            found = re.match(r"Epoch +\d+/\d+ .* ([\d.]+) pictures/s", line)
            if found:
                epochs.append((at, float(found[1])))
        if not epochs or (len(epochs) != args.epochs and not args.as_it_comes):
            raise RuntimeError("graft-cli printed other epochs than expected:\n" +
                               "\n".join(line for _, line in lines))
        return result(seconds, peak, [one[0] for one in epochs], [one[1] for one in epochs],
                      best_accuracy([line for _, line in lines]))


def best_accuracy(lines):
    """Of what the run keeps, be it an epoch or the quick model."""
    return next(float(found[1]) / 100 for line in reversed(lines)
                if (found := re.match(r"Best: .* with ([\d.]+) %", line)))


def result(seconds, peak, ends, rates, accuracy):
    later = [after - before for before, after in zip(ends, ends[1:])]
    return {"seconds": seconds, "peak_bytes": peak, "first_epoch_seconds": ends[0],
            "epoch_seconds": statistics.median(later) if later else ends[0],
            "images_per_second": statistics.median(rates), "accuracy": accuracy}


def table(results):
    def median(name, key):
        return statistics.median(one[key] for one in results[name])

    first = next(iter(results))
    rows = [("", "whole time s", "ratio", "later epochs s", "images/s", "ratio", "peak MB",
             "accuracy")]
    for name in results:
        rows.append((name, f"{median(name, 'seconds'):.1f}",
                     f"{median(first, 'seconds') / median(name, 'seconds'):.2f}",
                     f"{median(name, 'epoch_seconds'):.1f}",
                     f"{median(name, 'images_per_second'):.1f}",
                     f"{median(name, 'images_per_second') / median(first, 'images_per_second'):.2f}",
                     f"{median(name, 'peak_bytes') / 1e6:.0f}",
                     f"{median(name, 'accuracy'):.3f}"))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["| " + " | ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(row, widths))) + " |"
             for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 1) + ("-" if i == 0 else ":")
                                   for i, width in enumerate(widths)) + "|")
    return "\n".join(lines)


def processor():
    with open("/proc/cpuinfo") as info:
        text = info.read()
    name = re.search(r"model name\s*: (.*)", text)
    flags = re.search(r"flags\s*: (.*)", text)
    notable = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
               if flags and flag in flags[1].split()]
    return f"{name[1] if name else platform.machine()}, {' '.join(notable)}"


def main():
    args = parse()
    contestants = []
    for name, python in (("script", args.python), ("newer PyTorch", args.other_python)):
        if python and "plain" in args.scripts:
            contestants.append(Script(name, args, python, False))
        if python and "tuned" in args.scripts:
            contestants.append(Script(name + ", tuned", args, python, True))
    contestants.append(Graft("Graft", args))
    results = {one.name: [] for one in contestants}
    for number in range(args.rounds):
        for one in contestants:
            with tempfile.TemporaryDirectory() as folder:
                results[one.name].append(one.run(folder, number))
            last = results[one.name][-1]
            print(f"round {number + 1}: {one.name}: {last['seconds']:.1f} s, "
                  f"{100 * last['accuracy']:.1f} %", file=sys.stderr)
    print(f"{args.network}, frozen: {args.freeze}, {args.image_size} px, batch {args.batch_size}, "
          f"{args.epochs} epochs{' (Graft: as it comes)' if args.as_it_comes else ''}, "
          f"{args.threads} threads, medians of {args.rounds} rounds in turns; ratios to the first row")
    print(f"{time.strftime('%Y-%m-%d')}, {processor()}\n")
    print(table(results))
    if args.json:
        with open(args.json, "w") as out:
            json.dump(results, out, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
