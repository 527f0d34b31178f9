"""This repository's own documents on a page: wire, threads, sizes, interpreters, ledger. An import registers them."""

from __future__ import annotations

from documents.contention.document import Contention
from documents.interpreters import Interpreters
from documents.ledger import Ledger
from documents.sizes.document import Sizes
from documents.wire.document import Wire
from reports.sections.contention import contention_section
from reports.sections.interpreters import interpreters_section
from reports.sections.ledger import ledger_section
from reports.sections.sizes import sizes_section
from reports.sections.wire import wire_section
from tailgate.report.kinds import Kind, draw_too

draw_too(Kind("wire", Wire, wire_section, ("wire/results.json", "wire/*/results.json")))
draw_too(Kind("contention", Contention, contention_section, ("contention/contention.json",)))
draw_too(Kind("sizes", Sizes, sizes_section, ("sizes/sizes.json",)))
draw_too(Kind("interpreters", Interpreters, interpreters_section, ("interpreter-comparison/interpreters.json",)))
draw_too(Kind("ledger", Ledger, ledger_section, ("ledger/ledger.json",)))
