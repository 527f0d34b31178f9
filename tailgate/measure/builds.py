"""A revision as its `build` command makes it: in its folder, into an environment of its own, once for each tree.

`build = "pip install --no-deps -e ."` (or any command) runs in the laid-out revision. Its environment sees all that is
installed beside this instrument, so that only what the command installs differs between two sides.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Final

from tailgate.errors import TailgateError

_DONE: Final = ".tailgate-built"
_LOG_LINES: Final = 15


def digest_of(folder: Path) -> str:
    """Return the digest of all files below a folder, names and contents."""
    found = hashlib.blake2b(digest_size=8)
    for path in sorted(each for each in folder.rglob("*") if each.is_file() and "__pycache__" not in each.parts):
        found.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def build(folder: Path, command: str, builds: Path, python: str = sys.executable) -> tuple[Path, str]:
    """Build a laid-out revision; return its folder and its interpreter.

    folder: the revision, which is moved into `builds` under the digest of its files, the command and the interpreter.
    What was built there before is taken again. The log stays beside it. python: of the environment whose packages the
    build and the revision see.
    """
    key = hashlib.blake2b(f"{digest_of(folder)} {command} {python} {folder.name}".encode(), digest_size=8)
    home = builds / key.hexdigest()
    made = home.with_suffix(".environment") / "bin" / "python"
    if (home / _DONE).is_file() and made.is_file():
        shutil.rmtree(folder)
        return home, str(made)
    shutil.rmtree(home, ignore_errors=True)
    home.parent.mkdir(parents=True, exist_ok=True)
    folder.rename(home)
    _environment(made.parent.parent, python)
    _run(command, home, made)
    (home / _DONE).touch()
    return home, str(made)


def _environment(home: Path, python: str) -> None:
    """Make an environment that also sees the packages of another one, as a rule of this one."""
    shutil.rmtree(home, ignore_errors=True)
    done = subprocess.run([sys.executable, "-m", "venv", str(home)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise TailgateError(f"no environment can be made for a build: {done.stderr.strip() or done.stdout.strip()}")
    site = next(home.glob("lib/python*/site-packages"))
    mine = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    if python != sys.executable:
        mine = {str(each) for each in Path(python).parent.parent.glob("lib/python*/site-packages")}
    lines = "".join(f"import site; site.addsitedir({path!r})\n" for path in sorted(mine))
    (site / "zz-tailgate-beside.pth").write_text(lines)  # last by its name: what the build installs comes first


def _run(command: str, home: Path, python: Path) -> None:
    log = home.with_suffix(".log")
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "VIRTUAL_ENV": str(python.parent.parent)}
    for name in ("PYTHONPATH", "PYTHONHOME"):
        env.pop(name, None)
    with log.open("wb") as out:
        status = subprocess.run(command, shell=True, cwd=home, env=env, stdout=out, stderr=out, check=False).returncode  # noqa: S602  the project's own command, as its configuration has it
    if status:
        told = log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
        raise TailgateError(
            f"the build of a revision ended with status {status}: {command}\n" + "\n".join(told),
            hint=f"the whole log: {log}",
        )
