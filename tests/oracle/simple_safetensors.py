"""Reads and writes safetensors by the format's own description, with json and numpy only."""
import json
import struct

import numpy as np

KINDS = {"F32": np.dtype("<f4"), "F64": np.dtype("<f8"), "I64": np.dtype("<i8"),
         "F16": np.dtype("<f2"), "I32": np.dtype("<i4"), "I16": np.dtype("<i2"),
         "I8": np.dtype("i1"), "U8": np.dtype("u1"), "BOOL": np.dtype("?"), "C64": np.dtype("<c8")}


def write(path, tensors, metadata=None, kinds=None):
    """kinds: names of types that numpy does not have, by tensor (given as integers)."""
    names = {kind: name for name, kind in KINDS.items()}
    header, blobs, position = {}, [], 0
    if metadata:
        header["__metadata__"] = metadata
    for name, value in tensors.items():
        value = np.asarray(value)
        blob = np.ascontiguousarray(value).tobytes()
        kind = (kinds or {}).get(name) or names[value.dtype.newbyteorder("<")]
        header[name] = {"dtype": kind, "shape": list(value.shape),
                        "data_offsets": [position, position + len(blob)]}
        position += len(blob)
        blobs.append(blob)
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__", None)
    start = 8 + length
    return {name: np.frombuffer(data, KINDS[entry["dtype"]],
                                int(np.prod(entry["shape"], dtype=np.int64)),
                                start + entry["data_offsets"][0]).reshape(entry["shape"])
            for name, entry in header.items()}
