"""Build the extension modules of the hot paths: implementations/native/*.pyx into build/native.

python -m implementations.native                  what every command uses
python -m implementations.native --pgo            ... trained on the generated tape by the compiler's profile
python -m implementations.native --pgo --native   ... for this very CPU
tailgate duel --env 'TAILGATE_NATIVE=plain' --env 'TAILGATE_NATIVE=pgo' pipeline/fused
"""

from __future__ import annotations

import argparse
import sys
import time

from implementations.native.build import MODULES, BuildError, build, train


def main() -> int:
    """Build every module that is not there yet; 1 when one cannot be built."""
    parser = argparse.ArgumentParser(
        prog="python -m implementations.native",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--pgo", action="store_true", help="train the modules on the generated tape")
    parser.add_argument("--native", action="store_true", help="let the compiler use all that this CPU has")
    options = parser.parse_args()
    flavour = "-".join(part for part in ("pgo", "native") if getattr(options, part)) or "plain"
    try:
        if options.pgo:
            sys.stdout.write(train())
        for name in MODULES:
            start = time.monotonic()
            path = build(name, flavour)
            sys.stdout.write(f"{name}: {path} ({time.monotonic() - start:.1f} s)\n")
            sys.stdout.flush()
    except BuildError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
