"""Cost against size: the file of one invocation, how a cost grows, and its tables."""
