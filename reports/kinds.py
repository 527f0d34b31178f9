"""This repository's own documents on a page: wire, interpreters, ledger. To import this is to register them."""

from __future__ import annotations

from reports.sections.interpreters import interpreters_section
from reports.sections.ledger import ledger_section
from reports.sections.wire import wire_section
from tailgate.report.kinds import Kind, draw_too

draw_too(Kind("wire", wire_section, ("wire/results.json", "wire/*/results.json")))
draw_too(Kind("interpreters", interpreters_section, ("interpreter-comparison/interpreters.json",)))
draw_too(Kind("ledger", ledger_section, ("ledger/ledger.json",)))
