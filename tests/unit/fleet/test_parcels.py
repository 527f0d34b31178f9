"""What travels to another host: which files, under which digest, laid out where, and paths that follow."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tailgate.errors import TailgateError
from tailgate.fleet.hosts import Software, differences, plan_on, refusal, share_cpus
from tailgate.fleet.parcels import Arrivals, lay_out, moved, origins, pack_file, pack_folder, pieces
from tailgate.measure.lockstep import Contest, Plan
from tailgate.measure.sides import Side


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    for name in (
        "code.py",
        "pack/inner.py",
        "build/gate/sides/base/code.py",
        "pack/__pycache__/inner.pyc",
        "env/lib.py",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"# {name}\n")
    (folder / "env" / "pyvenv.cfg").write_text("")
    return folder


def laid_out(folder: Path) -> set[str]:
    return {each.relative_to(folder).as_posix() for each in folder.rglob("*.py")}


def test_a_folder_travels_without_caches_environments_and_what_we_wrote(checkout: Path, tmp_path: Path) -> None:
    packed = pack_folder(checkout, tmp_path)
    assert laid_out(lay_out(packed.parcel, packed.path, tmp_path / "cache")) == {"code.py", "pack/inner.py"}


def test_a_repository_travels_as_git_has_it_with_built_modules(checkout: Path, tmp_path: Path) -> None:
    command = ["git", "init", "-q", str(checkout)]
    subprocess.run(command, check=True)
    (checkout / ".gitignore").write_text("*.so\nsecret.py\n")
    (checkout / "secret.py").write_text("")
    (checkout / "fast.so").write_text("")
    packed = pack_folder(checkout, tmp_path)
    place = lay_out(packed.parcel, packed.path, tmp_path / "cache")
    assert (place / "fast.so").exists()
    assert laid_out(place) == {"code.py", "pack/inner.py"}


def test_equal_files_have_one_digest_wherever_and_whenever_they_were_written(checkout: Path, tmp_path: Path) -> None:
    first = pack_folder(checkout, tmp_path)
    other = tmp_path / "elsewhere" / "other"
    (other / "pack").mkdir(parents=True)
    for name in ("code.py", "pack/inner.py"):
        (other / name).write_text((checkout / name).read_text())
    second = pack_folder(other, tmp_path)
    assert first.parcel.digest == second.parcel.digest
    cache = tmp_path / "cache"
    assert lay_out(first.parcel, first.path, cache) != lay_out(second.parcel, second.path, cache)  # a control's path
    (other / "code.py").write_text("# changed\n")
    assert pack_folder(other, tmp_path).parcel.digest != first.parcel.digest


def test_what_was_damaged_on_its_way_is_refused(checkout: Path, tmp_path: Path) -> None:
    tape = tmp_path / "tape.bin"
    tape.write_bytes(bytes(range(100)))
    packed = pack_file(tape)
    arrivals = Arrivals(tmp_path / "cache")
    for piece, last in pieces(packed.path, 40):
        arrivals.take(packed.parcel.digest, "one", piece, last=last)
    places, missing = arrivals.settle([packed.parcel])
    assert (Path(places[str(tape)]).read_bytes(), missing) == (tape.read_bytes(), ())
    with pytest.raises(TailgateError, match="damaged on its way"):
        arrivals.take(packed.parcel.digest, "two", b"other", last=True)


def test_paths_follow_their_parcels_and_no_others(checkout: Path, tmp_path: Path) -> None:
    side, tape = checkout / "build" / "gate" / "sides" / "base", tmp_path / "tape.bin"
    tape.write_text("")
    plan = Plan("m", checkout, {"tape": f"{tape},{tape}", "seed": 7, "word": str(checkout) + "x"})
    one = Contest("a", (Side("base", "a", roots=(side, side / "src"), replaced=(checkout / "code.py",)),), plan)
    assert origins([one]) == ([checkout, side], [tape])
    there = {str(checkout): "/there/checkout", str(side): "/there/base", str(tape): "/there/tape.bin"}
    (found,) = moved([one], there)
    assert found.plan.root == Path("/there/checkout")
    assert found.sides[0].roots == (Path("/there/base"), Path("/there/base/src"))
    assert found.sides[0].replaced == (Path("/there/checkout/code.py"),)
    assert found.plan.settings == {"tape": "/there/tape.bin,/there/tape.bin", "seed": 7, "word": str(checkout) + "x"}


def test_each_worker_of_a_host_has_a_cpu_of_its_own() -> None:
    assert share_cpus({"a": (0, 1, 2), "b": (2,), "c": (0, 1, 2)}) == {"b": 2, "a": 1, "c": 0}
    assert share_cpus({"a": (1,), "b": (1,)}) == {"a": 1}  # none is left for the other
    assert plan_on(3, (0, 1, 2, 3), {2, 3}).coordinator_cpus == (0, 1)
    assert plan_on(1, (0, 1), {0, 1}).coordinator_cpus == (1,)


def test_what_a_host_has_other_is_told_and_refused_only_where_that_is_asked_for() -> None:
    here = Software("x", "CPython 3.11.7", "glibc 2.36", "x86_64", {"numpy": "2.0", "rich": "13"})
    there = Software("x", "CPython 3.11.9", "glibc 2.36", "x86_64", {"numpy": "2.1", "more": "1"})
    found = list(differences(here, there))
    assert [each.told for each in found] == [
        "CPython 3.11.9 in place of CPython 3.11.7",
        "numpy 2.1 in place of 2.0, no rich",
    ]
    assert refusal(found, ()) == refusal(found, ("libc",)) == ""
    assert refusal(found, ("python",)) == found[0].told
    other = list(differences(here, Software("y", here.python, here.libc, here.machine, here.packages)))
    assert refusal(other, ()) == "its tailgate is another: install this one there"
