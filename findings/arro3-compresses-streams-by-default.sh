#!/bin/sh
# Guess: write_ipc_stream(data, file) writes plain buffers, as pyarrow does: the stub says `compression: ... | None = None`.
# Seen: left out, compression is LZ4; only `compression=None`, written out, is none. So the default is not what is declared.
# Why here: pages read our Arrow streams with JavaScript's apache-arrow, which refuses compressed buffers without a codec of ours.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check arro3-core==0.9.1 arro3-io==0.9.1
"$folder/venv/bin/python" - <<'END'
from importlib.metadata import version
from io import BytesIO

from arro3.core import Array, DataType, RecordBatch
from arro3.io import write_ipc_stream

batch = RecordBatch.from_pydict({"value": Array([20.5] * 10_000, DataType.float64())})
sizes = {}
for name, options in (("left out", {}), ("None", {"compression": None}), ("lz4", {"compression": "lz4"})):
    stream = BytesIO()
    write_ipc_stream(batch, stream, **options)
    sizes[name] = len(stream.getvalue())
print("arro3-io", version("arro3-io"), sizes)
assert sizes["left out"] == sizes["lz4"] < sizes["None"] / 10
END
