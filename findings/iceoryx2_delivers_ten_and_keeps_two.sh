#!/usr/bin/env bash
# iceoryx2's publish and subscribe between processes loses messages by default and says otherwise: a subscriber that is ten messages
# behind finds the last two, while each send() returned 1, "delivered to one subscriber". The buffer of a subscriber holds two and its
# overflow is on. Who replays market data through it, or benches it as a hand-off, drops deltas of a book and measures a fast path.
# Guess before the run: ten are read, or send() tells the eight that nobody will read.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet "iceoryx2==0.10.0"
cat > "$work/fall_behind.py" <<'PY'
import ctypes
import os
from importlib.metadata import version

import iceoryx2 as iox2


class Update(ctypes.Structure):
    _fields_ = [("number", ctypes.c_uint64)]


def behind(buffer):
    name = iox2.ServiceName.new(f"behind/{os.getpid()}/{buffer}")
    builder = iox2.NodeBuilder.new().create(iox2.ServiceType.Local).service_builder(name).publish_subscribe(Update)
    if buffer:
        builder = builder.subscriber_max_buffer_size(buffer)
    service = builder.open_or_create()
    subscriber = service.subscriber_builder().create()
    publisher = service.publisher_builder().create()
    returned = [publisher.loan_uninit().write_payload(Update(number)).send() for number in range(10)]
    read = []
    while (sample := subscriber.receive()) is not None:
        read.append(sample.payload().contents.number)
        sample.delete()
    print(f"buffer {buffer or 'by default'}: send() returned {returned}, read {read}")


iox2.set_log_level(iox2.LogLevel.Error)
print("iceoryx2", version("iceoryx2"))
behind(None)
behind(16)
PY
"$work/venv/bin/python" "$work/fall_behind.py" | tee "$work/told"
diff "$work/told" - <<'SEEN'
iceoryx2 0.10.0
buffer by default: send() returned [1, 1, 1, 1, 1, 1, 1, 1, 1, 1], read [8, 9]
buffer 16: send() returned [1, 1, 1, 1, 1, 1, 1, 1, 1, 1], read [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
SEEN
