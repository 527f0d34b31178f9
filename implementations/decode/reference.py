"""The oracle: every sentence of the contract as a step of its own, one character and one field after the other."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

from implementations.decode.contract import MAX_DEPTH, MAX_FRAME_BYTES, NOTICE_TAGS, BadFrameError
from implementations.messages import Book, Level, MarketMessage, Notice, Quote, Trade
from implementations.registry import implementation


@implementation(source="the contract, sentence by sentence")
class ReferenceDecoder:
    """Reads integers as Decimal, so that 1 and 1.0 stay apart and no number is too long to be looked at."""

    def decode(self, frame: bytes) -> list[MarketMessage]:
        """Return the messages of one frame, or raise BadFrameError."""
        if len(frame) > MAX_FRAME_BYTES:
            raise BadFrameError(f"{len(frame)} bytes, at most {MAX_FRAME_BYTES} are read")
        try:
            text = frame.decode("utf-8")
        except UnicodeDecodeError as error:
            raise BadFrameError(f"not UTF-8: {error}") from error
        if (deepest := _deepest(text)) > MAX_DEPTH:
            raise BadFrameError(f"nested {deepest} deep, at most {MAX_DEPTH} are read")
        try:
            document = json.loads(text, parse_int=Decimal, parse_constant=_refuse_constant)
        except json.JSONDecodeError as error:
            raise BadFrameError(f"not JSON: {error}") from error
        if not isinstance(document, list):
            raise BadFrameError("not an array")
        return [_message(element, f"message {index}") for index, element in enumerate(document)]


def _deepest(text: str) -> int:
    """Count how deep brackets stand in one another, those inside strings left out."""
    depth = deepest = 0
    in_string = escaped = False
    for character in text:
        if in_string:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                in_string = False
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def _refuse_constant(name: str) -> None:
    raise BadFrameError(f"not JSON: {name}")


def _message(element: object, where: str) -> MarketMessage:
    if not isinstance(element, dict):
        raise BadFrameError(f"{where} is not an object")
    tag = _field(element, "T", where)
    if tag == "t":
        return Trade(
            symbol=_text(element, "S", 32, where),
            price=_price(element, "p", where),
            size=_number(element, "s", where),
            time=_text(element, "t", 40, where),
            identifier=_identifier(element, "i", where),
        )
    if tag == "q":
        return Quote(
            symbol=_text(element, "S", 32, where),
            bid_price=_number(element, "bp", where),
            bid_size=_number(element, "bs", where),
            ask_price=_number(element, "ap", where),
            ask_size=_number(element, "as", where),
            time=_text(element, "t", 40, where),
        )
    if tag == "o":
        return Book(
            symbol=_text(element, "S", 32, where),
            time=_text(element, "t", 40, where),
            bids=_levels(element, "b", where),
            asks=_levels(element, "a", where),
            reset=_flag(element, "r", where),
        )
    if isinstance(tag, str) and tag in NOTICE_TAGS:
        return Notice(tag)
    raise BadFrameError(f"{where} has an unknown T")


def _field(element: dict[str, Any], name: str, where: str) -> object:
    if name not in element:
        raise BadFrameError(f"{where} has no {name}")
    return element[name]


def _text(element: dict[str, Any], name: str, most_bytes: int, where: str) -> str:
    value = _field(element, name, where)
    if not isinstance(value, str):
        raise BadFrameError(f"{where}: {name} is not a string")
    try:
        length = len(value.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise BadFrameError(f"{where}: {name} is not UTF-8") from error
    if not 1 <= length <= most_bytes:
        raise BadFrameError(f"{where}: {name} is {length} bytes long, 1 to {most_bytes} are right")
    return value


def _number(element: dict[str, Any], name: str, where: str) -> float:
    value = _field(element, name, where)
    if not isinstance(value, (Decimal, float)):
        raise BadFrameError(f"{where}: {name} is not a number")
    number = float(value)
    if not math.isfinite(number) or number < 0:
        raise BadFrameError(f"{where}: {name} is out of range")
    return number


def _price(element: dict[str, Any], name: str, where: str) -> float:
    number = _number(element, name, where)
    if number == 0:
        raise BadFrameError(f"{where}: {name} is not above 0")
    return number


def _identifier(element: dict[str, Any], name: str, where: str) -> int:
    value = _field(element, name, where)
    if not isinstance(value, Decimal):
        raise BadFrameError(f"{where}: {name} is not an integer")
    if not 0 <= value <= 2**63 - 1:
        raise BadFrameError(f"{where}: {name} is out of range")
    return int(value)


def _flag(element: dict[str, Any], name: str, where: str) -> bool:
    value = element.get(name, False)
    if not isinstance(value, bool):
        raise BadFrameError(f"{where}: {name} is not a boolean")
    return value


def _levels(element: dict[str, Any], name: str, where: str) -> list[Level]:
    value = _field(element, name, where)
    if not isinstance(value, list):
        raise BadFrameError(f"{where}: {name} is not an array")
    levels = []
    for index, level in enumerate(value):
        place = f"{where}: {name}[{index}]"
        if not isinstance(level, dict):
            raise BadFrameError(f"{place} is not an object")
        levels.append(Level(_price(level, "p", place), _number(level, "s", place)))
    return levels
