"""Ask an installed interpreter what it is, before anyone relies on it."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

from scripts.interpreters.training import clean_environment
from scripts.interpreters.variants import Modifier, Variant
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from pathlib import Path

EXTENSIONS = ("ssl", "sqlite3", "ctypes", "zlib", "bz2", "lzma", "readline", "uuid", "hashlib", "_decimal", "_json")
PROBE = """
import importlib, json, sys, sysconfig
def loads(name):
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True
gil = getattr(sys, "_is_gil_enabled", lambda: True)()
jit = getattr(sys, "_jit", None)
read = sysconfig.get_config_var
flags = ("OPT", "CFLAGS", "CONFIGURE_CFLAGS", "PY_CFLAGS_NODIST", "PY_LDFLAGS_NODIST", "PGO_PROF_USE_FLAG")
print(json.dumps({
    "version": sys.version, "hexversion": sys.hexversion, "soabi": read("SOABI"), "gil": gil,
    "jit_available": bool(jit and jit.is_available()), "config_args": read("CONFIG_ARGS"),
    "profile_task": read("PROFILE_TASK"), "absent": [n for n in sys.argv[1:] if not loads(n)],
    "flags": {name: str(read(name) or "") for name in flags},
}))
"""


def inspect(python: Path, variant: Variant) -> dict[str, Any]:
    """Run the interpreter once, alone; return its facts.

    Raises TailgateError when it does not start, when it misses a part of the standard library, or when it is not what
    the variant's name says.
    """
    done = subprocess.run(
        [str(python), "-I", "-c", PROBE, *EXTENSIONS],
        env=clean_environment(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise TailgateError(f"{python} does not run: {done.stderr.strip()[-200:]}", hint="see the log of the build")
    facts: dict[str, Any] = json.loads(done.stdout)
    if facts["absent"]:
        raise TailgateError(
            f"{python} was built without {', '.join(map(str, facts['absent']))}",
            hint="install the missing headers and build again; the log names them",
        )
    if facts["gil"] is (Modifier.FREETHREADED in variant.modifiers):
        raise TailgateError(f"{python} {'has' if facts['gil'] else 'lacks'} the GIL, and is called {variant}")
    if Modifier.JIT in variant.modifiers and facts["hexversion"] >= 0x030E0000 and not facts["jit_available"]:
        raise TailgateError(f"{python} has no JIT, and is called {variant}", hint="see the log of the build")
    return facts
