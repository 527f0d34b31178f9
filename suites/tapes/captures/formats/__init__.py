"""The formats of captures, one importer a file; `suites.tapes.captures.registry` finds them."""
