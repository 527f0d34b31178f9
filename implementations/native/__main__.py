"""The command line of the native build."""

from __future__ import annotations

import argparse
import sys
import time

from implementations.native.build import MODULES, BuildError, build


def main() -> int:
    """Build every module that is not there yet; 1 when one cannot be built."""
    parser = argparse.ArgumentParser(prog="python -m implementations.native", description=__doc__)
    parser.parse_args()
    flavour = "plain"
    for name in MODULES:
        start = time.monotonic()
        try:
            path = build(name, flavour)
        except BuildError as error:
            sys.stderr.write(f"{error}\n")
            return 1
        sys.stdout.write(f"{name}: {path} ({time.monotonic() - start:.1f} s)\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
