"""Threads that met: the file of one invocation, and its tables."""
