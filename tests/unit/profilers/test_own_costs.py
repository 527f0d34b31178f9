"""A dump of callgrind, read by function: what a callee executed is not its caller's."""

from __future__ import annotations

from tailgate.profilers.instructions import own_costs

DUMP = """version: 1
events: Ir

fl=(1) eval.c
fn=(1) evaluate
16 400
+2 100
cfi=(2) list.c
cfn=(2) append
calls=3 20
* 90
+1 5
fl=(2)
fn=(2)
20 60
* 30
fn=(1)
18 1

totals: 596
"""


def test_each_function_has_its_own_instructions() -> None:
    assert own_costs(DUMP) == {"evaluate": 506, "append": 90}
    assert sum(own_costs(DUMP).values()) == 596
