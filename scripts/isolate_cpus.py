"""`tailgate isolate` from a checkout, as root: sudo python3 scripts/isolate_cpus.py run -- COMMAND.

It needs nothing but Python, of any version that is supported. See tailgate/isolation/program.py.
"""

from __future__ import annotations

import sys
from pathlib import Path

# A script is run by its path: the checkout is not on the module path then.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tailgate.isolation.program import PROGRAM, main
from tailgate.terminal.output import watched_output

if __name__ == "__main__":
    with watched_output(PROGRAM):
        sys.exit(main(sys.argv[1:]))
