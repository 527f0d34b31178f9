"""A side is what it would ship: ignored files are named, submodules laid out, builds made once for each tree."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tailgate.errors import TailgateError
from tailgate.measure.revisions import WORKTREE, check_out

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # of compileall's own files


def git(root: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@t.invalid", "-c", "protocol.file.allow=always"]
    done = subprocess.run(["git", "-C", str(root), *identity, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "shop").mkdir(parents=True)
    (root / "shop" / "__init__.py").write_text("")
    (root / "shop" / "slow.py").write_text("SPEED = 1\n")
    (root / ".gitignore").write_text("*.so\nshop/made.py\nshop/data.bin\n*.c\nbuild/\n.venv/\n*.log\n")
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "as it is")
    return root


@pytest.mark.parametrize("name", ["shop/_fast.cpython-311-x86_64-linux-gnu.so", "shop/made.py", "shop/data.bin"])
@pytest.mark.parametrize("revision", ["HEAD", WORKTREE])
def test_an_ignored_file_that_python_would_import_or_open_is_an_error_that_names_it(
    project: Path, tmp_path: Path, name: str, revision: str
) -> None:
    (project / name).write_text("x")
    with pytest.raises(TailgateError, match=name) as refused:
        check_out(project, revision, ["shop"], tmp_path / "side")
    assert "build = " in refused.value.hint
    assert "not-shipped" in refused.value.hint
    check_out(project, revision, ["shop"], tmp_path / "side", forgiven=["shop/*"])


def test_caches_environments_logs_and_sources_that_were_generated_do_not_matter(project: Path, tmp_path: Path) -> None:
    for name in ("shop/_fast.c", "shop/run.log", "build/x.py", ".venv/lib/x.py", "shop/__pycache__/x.pyc"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("x")
    checkout = check_out(project, "HEAD", ["."], tmp_path / "side")
    assert (checkout.folder / "shop" / "slow.py").is_file()


def test_a_submodule_is_laid_out_at_the_commit_that_the_revision_records(project: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    git(library, "init", "-q", "-b", "main")
    (library / "code.py").write_text("VERSION = 1\n")
    git(library, "add", "-A")
    git(library, "commit", "-q", "-m", "one")
    git(project, "submodule", "--quiet", "add", str(library), "shop/library")
    git(project, "commit", "-q", "-m", "with the library")
    (library / "code.py").write_text("VERSION = 2\n")
    git(library, "commit", "-q", "-am", "two")
    git(project / "shop" / "library", "pull", "-q", str(library), "main")
    git(project, "commit", "-q", "-am", "a newer library")
    for revision, version in (("HEAD~1", 1), ("HEAD", 2)):
        checkout = check_out(project, revision, ["shop"], tmp_path / revision)
        assert (checkout.folder / "shop/library/code.py").read_text() == f"VERSION = {version}\n"
    git(project, "submodule", "deinit", "-q", "-f", "shop/library")
    with pytest.raises(TailgateError, match="the submodule library is not here at") as refused:
        check_out(project, "HEAD", ["shop"], tmp_path / "again")
    assert "git submodule update --init" in refused.value.hint


BUILD = """python -c "
import pathlib, sysconfig
pathlib.Path('shop/made.py').write_text('MADE = ' + repr(pathlib.Path('shop/slow.py').read_text()))
site = pathlib.Path(sysconfig.get_path('purelib'))
(site / 'installed_by_the_build.py').write_text('WHERE = 1')
with pathlib.Path('../calls').open('a') as out: out.write('x')
" """


def test_a_build_runs_in_each_revision_once_for_each_tree_and_in_an_environment_of_its_own(
    project: Path, tmp_path: Path
) -> None:
    (project / "shop" / "made.py").write_text("stale = True\n")  # of the working tree alone; the build makes it
    one = check_out(project, "HEAD", ["shop"], tmp_path / "base", command=BUILD)
    again = check_out(project, "HEAD", ["shop"], tmp_path / "base", command=BUILD)
    (project / "shop" / "slow.py").write_text("SPEED = 2\n")
    other = check_out(project, WORKTREE, ["shop"], tmp_path / "base", command=BUILD)
    assert (tmp_path / "builds" / "calls").read_text() == "xx"
    assert again == one
    assert (one.folder / "shop/made.py").read_text() == "MADE = 'SPEED = 1\\n'"
    assert (other.folder / "shop/made.py").read_text() == "MADE = 'SPEED = 2\\n'"
    assert one.python != other.python != sys.executable
    told = subprocess.check_output(
        [one.python, "-c", "import installed_by_the_build as i, numpy; print(i.__file__)"], text=True
    )
    assert Path(told.strip()).is_relative_to(one.folder.with_suffix(".environment"))


def test_a_build_that_fails_is_told_with_its_last_lines_and_the_place_of_its_log(project: Path, tmp_path: Path) -> None:
    with pytest.raises(TailgateError, match=r"(?s)status 3.*no compiler here") as refused:
        check_out(project, "HEAD", ["shop"], tmp_path / "base", command="echo no compiler here; exit 3")
    log = Path(refused.value.hint.removeprefix("the whole log: "))
    assert log.read_text() == "no compiler here\n"
    with pytest.raises(TailgateError):  # what failed is not taken for built
        check_out(project, "HEAD", ["shop"], tmp_path / "base", command="echo no compiler here; exit 3")


def test_of_a_whole_tree_the_src_folder_is_on_the_path_and_the_working_tree_must_not_stand_in(
    project: Path, tmp_path: Path
) -> None:
    git(project, "mv", "shop", "src")
    git(project, "commit", "-q", "-m", "moved")
    checkout = check_out(project, "HEAD", ["."], tmp_path / "side")
    assert checkout.roots == (tmp_path / "side", tmp_path / "side" / "src")
    assert set(checkout.replaced) == {project / "src", project / ".gitignore"}
