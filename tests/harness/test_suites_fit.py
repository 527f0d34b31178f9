"""`nox -s tape -- FILE --fit`: the fitted generator is within the stated bands of the captures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from suites.tapes import open_tape
from suites.tapes.__main__ import main
from suites.tapes.contents import generated
from suites.tapes.fit import fit
from suites.tapes.fitted import Fitted, market_of
from suites.tapes.generator import generate
from suites.tapes.likeness import FIGURES, likeness
from suites.tapes.market import DEFAULT
from suites.tapes.profile import profile
from tailgate.documents.envelope import save
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from pathlib import Path

    from suites.tapes.tape import Tape

# What no choice of the parameters gives, and docs/tapes.md says so: gaps that vary by themselves, symbols in turn.
BY_THE_CLOCK = {"CV of the gaps", "follows its own symbol"}
FEW = {"Fano factor at 10 ms", "at 1 s", "levels: add", "levels: delete", "levels: change"}


def outside(tape: Tape, **more: int) -> set[str]:
    market, of = fit(tape, **more)
    return {each.figure.name for each in likeness(of, generated(of, market)) if not each.within}


def test_a_fitted_generator_is_like_coinbase(captures: Path) -> None:
    tape = open_tape(capture=str(captures / "coinbase_level2_10sym_20210417.raw"), seed=0, messages=0, cache=None)
    assert outside(tape, turns=3) == set()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("kraken_book1000_10sym_20210417.raw", BY_THE_CLOCK),
        ("binance_spot_btcusdt_20240808.gz", {"CV of the gaps", "updates that move the top", "at 100 ms"}),
        ("okx_books_3inst_20220513.raw", BY_THE_CLOCK | FEW),
    ],
)
def test_a_fitted_generator_is_like_the_others_but_for_what_is_named(
    captures: Path, name: str, allowed: set[str]
) -> None:
    tape = open_tape(capture=str(captures / name), seed=0, messages=0, cache=None)
    assert outside(tape) <= allowed


def test_the_default_generator_is_outside_the_bands_of_what_it_is_not_like(captures: Path) -> None:
    """The bands can fail: the default is no twin of Binance."""
    tape = open_tape(capture=str(captures / "binance_spot_btcusdt_20240808.gz"), seed=0, messages=4000, cache=None)
    of = profile(tape)
    out = {each.figure.name for each in likeness(of, generated(of, DEFAULT)) if not each.within}
    assert {"levels an update", "trades", "rank touched: 20+"} <= out


def test_parameters_come_back_and_choose_another_tape(tmp_path: Path) -> None:
    path = save(tmp_path / "twin.json", Fitted("mine", 100, DEFAULT))
    assert market_of(path) == DEFAULT
    again = open_tape(capture=None, fitted=str(path), seed=3, messages=300, cache=tmp_path)
    assert again.digest == generate(3, 300).digest
    other = Fitted("mine", 100, type(DEFAULT)(instruments=DEFAULT.instruments[:2], quote_share=0.4))
    save(path, other)
    quoted = open_tape(capture=None, fitted=str(path), seed=3, messages=300, cache=tmp_path)
    assert profile(quoted).kinds["quote"] > 0.3
    assert set(profile(quoted).symbols) == {each.symbol for each in DEFAULT.instruments[:2]}


def test_what_are_no_parameters_is_said(tmp_path: Path) -> None:
    with pytest.raises(TailgateError, match="cannot be read"):
        open_tape(capture=None, fitted=str(tmp_path / "none.json"), seed=3, messages=300, cache=None)
    (tmp_path / "empty.json").write_text("{}")
    with pytest.raises(TailgateError, match=r"no result file"):
        open_tape(capture=None, fitted=str(tmp_path / "empty.json"), seed=3, messages=300, cache=None)
    with pytest.raises(TailgateError, match="generated or captured"):
        open_tape(capture="x", fitted="y", seed=3, messages=300, cache=None)


def test_the_command_says_what_a_capture_holds_and_replaces_no_file(tmp_path: Path) -> None:
    tape = generate(5, 3000)
    capture = tmp_path / "mine.jsonl"
    capture.write_bytes(
        b"".join(b"%d %s\n" % (10**18 + at, f) for at, f in zip(tape.times_ns, tape.frames, strict=True))
    )
    shown = CliRunner().invoke(main, [str(capture), "--symbols", "BTC/USD"])
    assert shown.exit_code == 0, shown.output
    messages = profile(tape).symbols["BTC/USD"]
    assert f"{messages:,} messages in" in shown.output
    assert all(each.name in shown.output for each in FIGURES)
    target = tmp_path / "twin.json"
    target.write_text("mine")
    refused = CliRunner().invoke(main, [str(capture), "--fit", str(target)])
    assert refused.exit_code == 2
    assert target.read_text() == "mine"


def test_a_tape_without_books_is_described_and_not_fitted() -> None:
    quotes = generate(5, 400, type(DEFAULT)(quote_share=0.9999))
    assert profile(quotes).kinds["quote"] > 0.9
    with pytest.raises(TailgateError, match="book updates"):
        fit(quotes)
