"""The subject's own result files as typed documents, one folder or file a kind: judged here once, drawn elsewhere."""
