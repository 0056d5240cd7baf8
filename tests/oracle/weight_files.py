"""Writes weight files with torch and, beside each, the tensors that torch.load finds in it.

    weight_files.py FOLDER              the files, NAME.safetensors for each, manifest.json
    weight_files.py --load FILE...      FILE.safetensors for each that torch.load takes as weights only
    weight_files.py --load-all FILE...  the same for files that are trusted
"""
import argparse
import collections
import json
import os
import pickle
import struct
import sys

try:
    import numpy
    import torch
except ImportError as missing:
    sys.stderr.write(f"missing Python package: {missing}\n")
    sys.exit(77)
import simple_safetensors

PLACES = ["state_dict", "model", "model_state_dict", "model_ema", "state_dict_ema", "net", "teacher"]


def expect(path, tensors):
    arrays, kinds = {}, {}
    for name, value in tensors.items():
        value = value.detach().contiguous()
        if value.dtype == torch.bfloat16:
            kinds[name] = "BF16"
            value = value.view(torch.int16)
        arrays[name] = value.numpy()
    simple_safetensors.write(path, arrays, kinds=kinds)


def find(loaded):
    """The dict of tensors in what torch.load gave."""
    tensors = {key: value for key, value in loaded.items()
               if isinstance(key, str) and torch.is_tensor(value)}
    for place in PLACES:
        if isinstance(loaded.get(place), dict):
            inner = find(loaded[place])
            if inner and len(inner) >= len(tensors):
                return inner
    return tensors


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 4, 3)
        self.bn = torch.nn.BatchNorm2d(4)
        self.body = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.Linear(6, 6))
        self.again = self.body[1]
        self.register_buffer("scale", torch.rand(2, 5).t())
        self.steps = [1, 2]

    def forward(self, x):
        x = self.bn(self.conv(x)).mean([2, 3])
        return self.again(self.body(x)) * self.scale.sum()


class Old:
    """Pickles a tensor as PyTorch did long ago."""
    def __init__(self, tensor, way):
        self.tensor, self.way = tensor, way

    def __reduce__(self):
        t = self.tensor
        parts = (t.storage(), t.storage_offset(), tuple(t.size()), t.stride())
        if self.way == "rebuild":
            return torch._utils._rebuild_tensor, parts
        return getattr(torch, self.way), (), parts


def types():
    numbers = torch.arange(-5, 7)
    kinds = [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32,
             torch.int16, torch.int8, torch.uint8, torch.bool, torch.complex64]
    return {str(kind).split(".")[1]: numbers.to(kind).view(3, 4) for kind in kinds}


def orders():
    base = torch.arange(120.0)
    cube = base.view(2, 3, 4, 5)
    return {"plain": cube, "t": base[:20].view(4, 5).t(), "permuted": cube.permute(3, 0, 2, 1),
            "last": cube.to(memory_format=torch.channels_last), "step": base[3::7],
            "columns": cube[:, 1:, ::2, 4], "wide": torch.tensor([[1.0], [2.0]]).expand(2, 9),
            "one": cube[1:2, 2:3, 3:4, 4:5], "half": base.half().view(12, 10).t(),
            "bytes": base.to(torch.uint8).view(12, 10).t(), "double": base.double().view(6, 20).t()}


def checkpoint(net):
    rate = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    net(torch.rand(2, 3, 8, 8)).sum().backward()
    rate.step()
    return {"epoch": 3, "arch": "resnet18", "state_dict": net.state_dict(), "best_acc1": torch.tensor(7.5),
            "optimizer": rate.state_dict(), "lr": 0.1, "args": argparse.Namespace(lr=0.1, gpu=None),
            "score": numpy.float64(0.25), "shape": torch.Size([1, 2]), "device": torch.device("cpu"),
            "big": 2 ** 100, "negative": -7, "bytes": b"xyz", "set": {1, 2}, "dtype": torch.float16,
            "counts": collections.Counter("abca"), "history": [[0.5, 1], [0.25, 2]]}


def prefixed(prefix, state):
    return collections.OrderedDict((prefix + name, value) for name, value in state.items())


def cases():
    net = Net().eval()
    state = net.state_dict()
    base = torch.arange(12.0)
    tied = torch.rand(3, 4).t()
    yield "state", state
    yield "plain-dict", dict(state)
    yield "parameter", {"w": torch.nn.Parameter(torch.rand(3, 2)), "b": torch.nn.Parameter(base[4:7])}
    yield "shared", {"all": base, "again": base, "part": base[2:5], "grid": base.view(3, 4),
                     "column": base.view(3, 4)[:, 1], "tied": tied, "tied2": tied}
    yield "orders", orders()
    yield "types", types()
    yield "small", {"scalar": torch.tensor(3.5), "none": torch.empty(0), "none2": torch.empty(3, 0, 2),
                    "count": torch.tensor(2), "yes": torch.tensor(True), "tail": torch.rand(4)[4:]}
    yield "checkpoint", checkpoint(net)
    yield "deep", {"epoch": 1, "model": {"state_dict": state, "name": "x"}}
    yield "beside", {**state, "net": {"x": torch.rand(1)}}
    yield "ema", {"model_ema": state, "updates": 5}
    yield "others", {**state, "step": 4, "note": "text", 7: torch.rand(2)}
    yield "names", {"größe.weight": torch.rand(2), "層": torch.rand(1), "": 3}
    yield "ddp", prefixed("module.", state)
    yield "compiled", {"state_dict": prefixed("module._orig_mod.model.", state)}
    yield "backbone", {**prefixed("backbone.", state), "projector.weight": torch.rand(3)}
    yield "half-prefixed", {**prefixed("module.", state), "extra": torch.rand(1)}


def strip(name, tensors):
    prefix = {"ddp": "module.", "compiled": "module._orig_mod.model.", "backbone": "backbone."}.get(name)
    return {key[len(prefix):] if prefix and key.startswith(prefix) else key: value
            for key, value in tensors.items()}


def write_views(path):
    """Storage views, which PyTorch 0.2 to 0.3 wrote."""
    class Marked:
        def __init__(self, identity):
            self.identity = identity

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            return value.identity if isinstance(value, Marked) else None

    class Tensor(Old):
        def __init__(self, identity, parts):
            self.identity, self.parts = identity, parts

        def __reduce__(self):
            return torch._utils._rebuild_tensor, (Marked(self.identity),) + self.parts

    root = ("storage", torch.FloatStorage, "7", "cpu", 10)
    state = collections.OrderedDict([
        ("whole", Tensor(root + (None,), (0, (2, 5), (5, 1)))),
        ("view", Tensor(root + (("8", 2, 6),), (1, (2, 2), (2, 1)))),
        ("view.t", Tensor(root + (("8", 2, 6),), (0, (3, 2), (1, 3))))])
    with open(path, "wb") as file:
        for value in [torch.serialization.MAGIC_NUMBER, 1001, {"little_endian": True}]:
            pickle.dump(value, file, protocol=2)
        Pickler(file, protocol=2).dump(state)
        pickle.dump(["7"], file, protocol=2)
        file.write(struct.pack("<q10f", 10, *range(10)))


def write_all(folder):
    manifest = []

    def add(name, container, tensors=None):
        path = os.path.join(folder, name)
        if tensors is None:
            tensors = strip(name.split(".")[0], find(torch.load(path, map_location="cpu")))
        expect(path + ".safetensors", tensors)
        manifest.append({"file": name, "container": container})

    def save(name, value, zipped, protocol=2):
        torch.save(value, os.path.join(folder, name), pickle_protocol=protocol,
                   _use_new_zipfile_serialization=zipped)
        add(name, "PyTorch" if zipped else "PyTorch (before 1.6)")

    for name, value in cases():
        save(name + ".zip.pth", value, True)
        save(name + ".old.pth", value, False)
    save("protocol1.zip.pth", Net().state_dict(), True, 1)
    for protocol in (3, 4, 5):
        save(f"protocol{protocol}.zip.pth", Net().state_dict(), True, protocol)
        save(f"protocol{protocol}.old.pth", Net().state_dict(), False, protocol)
    part = torch.arange(12.0).view(3, 4)[1:]
    save("old-forms.old.pth", {"rebuilt": Old(part, "rebuild"), "set": Old(part.t(), "FloatTensor"),
                               "long": Old(part.long(), "LongTensor")}, False)
    write_views(os.path.join(folder, "views.old.pth"))
    add("views.old.pth", "PyTorch (before 1.6)")

    net = Net().eval()
    torch.jit.script(torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU())).save(
        os.path.join(folder, "script.pt"))
    add("script.pt", "TorchScript", torch.jit.load(os.path.join(folder, "script.pt")).state_dict())
    torch.jit.trace(net, torch.rand(1, 3, 8, 8)).save(os.path.join(folder, "trace.pt"))
    add("trace.pt", "TorchScript", torch.jit.load(os.path.join(folder, "trace.pt")).state_dict())

    refused = {"module": net, "inside": {"model": net}, "tensor": torch.rand(3), "list": [torch.rand(2)],
               "nothing": {"epoch": 3}, "sparse": {"w": torch.rand(3, 3).to_sparse()},
               "complex": {"w": torch.rand(2, dtype=torch.complex128)},
               "quantised": {"w": torch.quantize_per_tensor(torch.rand(4), 0.1, 0, torch.quint8)},
               "huge": {"w": torch.rand(1).expand(1 << 30)}}
    for name, value in refused.items():
        torch.save(value, os.path.join(folder, f"{name}.refused"))
        torch.save(value, os.path.join(folder, f"{name}.old.refused"),
                   _use_new_zipfile_serialization=False)
    torch.jit.freeze(torch.jit.script(net)).save(os.path.join(folder, "frozen.refused"))
    json.dump(manifest, open(os.path.join(folder, "manifest.json"), "w"))


def load_all(paths, safely):
    for path in paths:
        try:
            tensors = find(torch.load(path, map_location="cpu", weights_only=safely))
            expect(path + ".safetensors", tensors)
        except Exception as fault:  # whatever a hostile file makes of torch
            print(f"{path}: {type(fault).__name__}")


torch.manual_seed(3)
if sys.argv[1] in ("--load", "--load-all"):
    load_all(sys.argv[2:], sys.argv[1] == "--load")
else:
    write_all(sys.argv[1])
