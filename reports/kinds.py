"""This repository's own documents on a page: wire, interpreters, ledger. To import this is to register them."""

from __future__ import annotations

from documents.interpreters import Interpreters
from documents.ledger import Ledger
from documents.wire.document import Wire
from reports.sections.interpreters import interpreters_section
from reports.sections.ledger import ledger_section
from reports.sections.wire import wire_section
from tailgate.report.kinds import Kind, draw_too

draw_too(Kind("wire", Wire, wire_section, ("wire/results.json", "wire/*/results.json")))
draw_too(Kind("interpreters", Interpreters, interpreters_section, ("interpreter-comparison/interpreters.json",)))
draw_too(Kind("ledger", Ledger, ledger_section, ("ledger/ledger.json",)))
