"""Other tools on the same problems: the page docs/beside-other-tools.md."""
