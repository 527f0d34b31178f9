"""Compiles one extension module in a process of its own: implementations/native/build.py starts it.

    python -m implementations.native.compiling NAME FOLDER [FLAG ...]

Setuptools puts a distutils of its own into the process, and cythonize (3.3.1) adds the flags of an earlier call to
those of a later one: neither may happen to who only asked for a build.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from implementations.native import SOURCES


def main() -> None:
    """Translate and compile; whatever the tools print and raise is the caller's to read."""
    name, scratch, flags = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
    tools: Any = importlib.import_module("setuptools")  # neither has types; first of the two, as it asks for
    cythonize: Any = importlib.import_module("Cython.Build").cythonize
    (extension,) = cythonize(
        [tools.Extension(name, [str(SOURCES / f"{name}.pyx")], extra_compile_args=flags, extra_link_args=flags)],
        build_dir=str(scratch / "c"),
        quiet=True,
        include_path=[str(SOURCES)],
    )
    command = tools.Distribution({"name": name, "ext_modules": [extension]}).get_command_obj("build_ext")
    command.force = True
    command.build_lib, command.build_temp = str(scratch / "lib"), str(scratch / "o")
    command.ensure_finalized()
    command.run()


if __name__ == "__main__":
    main()
