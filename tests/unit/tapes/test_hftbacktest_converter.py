"""What hftbacktest's own converter makes of a file is read as that file is: its rows are kept here, as it wrote them.

Made by hftbacktest 2.4.4: `data.utils.binancefutures.convert(RAW)`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from suites.tapes import open_tape

if TYPE_CHECKING:
    from pathlib import Path

RAW = b"""\
1723161253937085768 {"lastUpdateId":100,"E":1723161253900,"T":1723161253900,"bids":[["9.75","1"],["9.5","4"]],"asks":[["10.25","2"],["10.5","3"]],"symbol":"BTCUSDT"}
1723161254037085768 {"stream":"btcusdt@depth@0ms","data":{"e":"depthUpdate","E":1723161254000,"T":1723161254000,"s":"BTCUSDT","U":99,"u":101,"pu":98,"b":[["9.5","2"]],"a":[["10.25","0"]]}}
1723161254137085768 {"stream":"btcusdt@trade","data":{"e":"trade","E":1723161254050,"T":1723161254050,"s":"BTCUSDT","t":7,"p":"10.5","q":"0.5","X":"MARKET","m":false}}
1723161254237085768 {"stream":"btcusdt@depth@0ms","data":{"e":"depthUpdate","E":1723161254100,"T":1723161254100,"s":"BTCUSDT","U":102,"u":103,"pu":101,"b":[["9.25","7"]],"a":[["10.75","1.5"]]}}
"""  # noqa: E501  the lines of a feed

CONVERTED = (
    (0xE0000003, 1723161253900000000, 1723161253937085768, 9.5, 0.0),
    (0xE0000004, 1723161253900000000, 1723161253937085768, 9.75, 1.0),
    (0xE0000004, 1723161253900000000, 1723161253937085768, 9.5, 4.0),
    (0xD0000003, 1723161253900000000, 1723161253937085768, 10.5, 0.0),
    (0xD0000004, 1723161253900000000, 1723161253937085768, 10.25, 2.0),
    (0xD0000004, 1723161253900000000, 1723161253937085768, 10.5, 3.0),
    (0xE0000001, 1723161254000000000, 1723161254037085768, 9.5, 2.0),
    (0xD0000001, 1723161254000000000, 1723161254037085768, 10.25, 0.0),
    (0xE0000002, 1723161254050000000, 1723161254137085768, 10.5, 0.5),
    (0xE0000001, 1723161254100000000, 1723161254237085768, 9.25, 7.0),
    (0xD0000001, 1723161254100000000, 1723161254237085768, 10.75, 1.5),
)


def messages(path: Path) -> list[dict[str, Any]]:
    tape = open_tape(capture=str(path), seed=0, messages=0, cache=None)
    assert tape.notes == ()
    found: list[dict[str, Any]] = [message for frame in tape.frames for message in json.loads(frame)]
    for message in found:
        message.pop("i", None)  # the converter keeps no number of a trade
    return found


def test_the_converters_file_gives_the_tape_of_the_file_that_it_was_made_of(tmp_path: Path) -> None:
    raw, converted = tmp_path / "raw.txt", tmp_path / "btcusdt_20240808.npz"
    raw.write_bytes(RAW)
    fields = [("ev", "<u8"), ("exch_ts", "<i8"), ("local_ts", "<i8"), ("px", "<f8"), ("qty", "<f8")]
    more = [("order_id", "<u8"), ("ival", "<i8"), ("fval", "<f8")]
    rows = np.array([(*row, 0, 0, 0.0) for row in CONVERTED], dtype=np.dtype([*fields, *more], align=True))
    np.savez_compressed(converted, data=rows)
    assert messages(converted) == messages(raw)
