"""A revision's subject, laid out beside the checkout."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tailgate.errors import TailgateError
from tailgate.measure.origin import misplaced
from tailgate.measure.revisions import WORKTREE, check_out, dirty, resolve

if TYPE_CHECKING:
    from pathlib import Path


def git(folder: Any, *arguments: Any) -> Any:
    command = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@t.invalid", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Any:
    root = tmp_path / "repository"
    (root / "subject").mkdir(parents=True)
    git(root, "init", "-q", "-b", "main")
    for text in ("first", "second"):
        (root / "subject" / "code.py").write_text(f"SAYS = {text!r}\n")
        git(root, "add", "-A")
        git(root, "commit", "-q", "-m", text)
    return root


def test_only_the_subject_of_that_revision_is_laid_out(repository: Any, tmp_path: Path) -> None:
    checkout = check_out(repository, "HEAD~1", ["subject"], tmp_path / "base")
    assert (checkout.folder / "subject" / "code.py").read_text() == "SAYS = 'first'\n"
    assert checkout.commit == git(repository, "rev-parse", "HEAD~1")
    assert sorted(each.name for each in checkout.folder.iterdir()) == ["subject"]
    assert git(repository, "status", "--porcelain") == ""
    assert git(repository, "worktree", "list").count("\n") == 0


@pytest.mark.parametrize("subject", ["src", "src/package"])
def test_a_source_folder_is_where_its_packages_are_imported_from(tmp_path: Path, subject: str) -> None:
    (tmp_path / "src" / "package").mkdir(parents=True)
    (tmp_path / "src" / "package" / "__init__.py").write_text("")
    checkout = check_out(tmp_path, WORKTREE, [subject], tmp_path / "build" / "head")
    assert checkout.roots == (tmp_path / "build" / "head", tmp_path / "build" / "head" / "src")
    assert checkout.replaced == (tmp_path / subject,)


def test_a_folder_on_the_import_path_is_one_of_the_revision_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "python").mkdir()
    (tmp_path / "python" / "code.py").write_text("")
    assert check_out(tmp_path, WORKTREE, ["python"], tmp_path / "one").roots == (tmp_path / "one",)
    monkeypatch.syspath_prepend(tmp_path / "python")
    assert check_out(tmp_path, WORKTREE, ["python"], tmp_path / "two").roots[1:] == (tmp_path / "two" / "python",)


def test_bytecode_that_an_import_left_behind_is_no_change(repository: Path) -> None:
    """A project need not ignore it: a gate that imported the subject would call the tree dirty by its own doing."""
    cache = repository / "subject" / "__pycache__"
    cache.mkdir()
    (cache / "code.cpython-311.pyc").write_bytes(b"")
    assert dirty(repository, ["subject"]) == []


def test_the_working_tree_is_a_revision_too_and_is_seen_to_be_dirty(repository: Any, tmp_path: Path) -> None:
    assert dirty(repository, ["subject"]) == []
    (repository / "subject" / "code.py").write_text("SAYS = 'third'\n")
    (repository / "subject" / "new.py").write_text("")
    assert dirty(repository, ["subject"]) == ["subject/code.py", "subject/new.py"]
    checkout = check_out(repository, WORKTREE, ["subject"], tmp_path / "head")
    assert (checkout.folder / "subject" / "code.py").read_text() == "SAYS = 'third'\n"


def test_the_whole_working_tree_is_laid_out_inside_itself_without_what_is_no_part_of_it(repository: Any) -> None:
    for name in (
        "environment/pyvenv.cfg",
        "build/gate/verdict.json",
        "subject/__pycache__/x.pyc",
        "subject/build/x.py",
    ):
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text("")
    for _ in range(2):
        folder = check_out(repository, WORKTREE, ["."], repository / "build" / "gate" / "sides" / "head").folder
        assert sorted(each.name for each in folder.iterdir()) == ["subject"]
        assert (folder / "subject" / "code.py").read_text() == "SAYS = 'second'\n"
        assert (folder / "subject" / "build" / "x.py").is_file()


def test_a_missing_revision_and_a_missing_subject_are_named(repository: Any, tmp_path: Path) -> None:
    with pytest.raises(TailgateError, match="there is no revision 'v9'"):
        resolve(repository, "v9")
    with pytest.raises(TailgateError, match="has no elsewhere"):
        check_out(repository, "HEAD", ["elsewhere"], tmp_path / "x")
    with pytest.raises(TailgateError, match="names no subject"):
        check_out(repository, "HEAD", [], tmp_path / "x")


def test_a_shallow_clone_says_that_it_is_shallow(repository: Any, tmp_path: Path) -> None:
    first = git(repository, "rev-parse", "HEAD~1")
    subprocess.run(
        ["git", "clone", "-q", "--depth", "1", f"file://{repository}", str(tmp_path / "shallow")], check=True
    )
    with pytest.raises(TailgateError, match="this clone is shallow") as caught:
        resolve(tmp_path / "shallow", first)
    assert "fetch-depth: 0" in caught.value.hint


def test_outside_a_repository(tmp_path: Path) -> None:
    with pytest.raises(TailgateError, match="is no git repository"):
        resolve(tmp_path, "HEAD")


def test_a_repository_that_git_refuses_to_read_is_not_said_to_be_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\necho 'fatal: detected dubious ownership in repository' >&2\nexit 128\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(fake.parent), prepend=":")
    with pytest.raises(TailgateError, match=r"git cannot read .*dubious ownership"):
        resolve(tmp_path, "HEAD")


@pytest.mark.parametrize("link", ["shared.py", "shared"])
def test_a_link_out_of_the_project_that_would_be_imported_is_named(repository: Any, tmp_path: Path, link: str) -> None:
    (repository / "subject" / link).symlink_to(f"../../elsewhere/{link}")
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "a link")
    told = rf"subject/{link} is a link to \.\./\.\./elsewhere/{link}, outside of the project .*\n  let the project's"
    with pytest.raises(TailgateError, match=told):
        check_out(repository, "HEAD", ["subject"], tmp_path / "base")


def test_a_link_out_of_the_project_that_python_cannot_import_is_left_out(repository: Any, tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text("")
    for link, target in (("README.md", "../../README.md"), ("LICENSE", "../../LICENSE"), ("a.txt", "/etc/hostname")):
        (repository / "subject" / link).symlink_to(target)
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "links")
    checkout = check_out(repository, "HEAD", ["subject"], tmp_path / "base")
    assert [each.name for each in (checkout.folder / "subject").iterdir() if each.suffix != ""] == ["code.py"]


def test_links_that_lead_nowhere_or_to_themselves_are_left_behind(repository: Any, tmp_path: Path) -> None:
    (repository / "subject" / "lost.txt").symlink_to("nowhere")
    (repository / "subject" / "round").symlink_to(".")
    checkout = check_out(repository, WORKTREE, ["subject"], tmp_path / "head")
    assert not {"lost.txt", "round"} & {each.name for each in (checkout.folder / "subject").iterdir()}


def test_a_folder_that_the_build_makes_does_not_stand_in_for_the_one_it_is_laid_out_in(repository: Any) -> None:
    sides = repository / "build" / "gate" / "sides"
    checkout = check_out(repository, "HEAD", ["subject"], sides / "head", command="mkdir build && touch build/x.py")
    assert (checkout.folder / "build" / "x.py").is_file()
    environment = str(sides / "builds" / f"{checkout.folder.name}.environment" / "lib" / "site.py")
    mine, replaced = str(checkout.folder / "subject" / "code.py"), [str(each) for each in checkout.replaced]
    assert misplaced([mine, environment], [str(checkout.folder)], replaced) == ""
    stray = misplaced([str(repository / "subject" / "code.py")], [str(checkout.folder)], replaced)
    assert "was imported, and not the revision's" in stray
