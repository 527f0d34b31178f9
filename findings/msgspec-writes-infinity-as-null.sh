#!/usr/bin/env bash
# msgspec writes the float infinity (and NaN) into JSON as null, without an error, and then cannot read its own text back
# into the very type that it wrote. Whoever stores a one-sided interval, an open bound or a minimum that starts at infinity
# loses the value when writing and learns of it when reading, maybe in another process, weeks later.
# One would expect an error when encoding, as the standard library gives with allow_nan=False.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet msgspec==0.22.0
"$folder/venv/bin/python" - <<'PY'
import json
import msgspec


class Interval(msgspec.Struct):
    low: float
    high: float


print("msgspec", msgspec.__version__)
text = msgspec.json.encode(Interval(0.5, float("inf")))
print("written:", text.decode())
assert text == b'{"low":0.5,"high":null}', text
try:
    msgspec.json.decode(text, type=Interval)
except msgspec.ValidationError as error:
    print("read back:", error)
    assert "Expected `float`, got `null`" in str(error)
else:
    raise SystemExit("msgspec reads its own text now")
back = msgspec.msgpack.decode(msgspec.msgpack.encode(Interval(0.5, float("inf"))), type=Interval)
print("through MessagePack:", back)
assert back.high == float("inf")
try:
    json.dumps(float("inf"), allow_nan=False)
except ValueError as error:
    print("the standard library, asked to be strict:", error)
PY
# Seen with msgspec 0.22.0:
#   written: {"low":0.5,"high":null}
#   read back: Expected `float`, got `null` - at `$.high`
#   through MessagePack: Interval(low=0.5, high=inf)
