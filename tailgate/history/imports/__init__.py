"""Published results of other tools: one file a format, each recognised by its content."""
