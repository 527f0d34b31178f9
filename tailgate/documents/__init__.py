"""The result files as typed documents, one file a kind: judged once there, drawn elsewhere."""
