"""`python3 -m tailgate.isolation`: for any interpreter of the machine, as root."""

from __future__ import annotations

import sys

from tailgate.isolation.program import PROGRAM, main
from tailgate.terminal.output import watched_output

if __name__ == "__main__":
    with watched_output(PROGRAM):
        sys.exit(main(sys.argv[1:]))
