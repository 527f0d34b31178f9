"""Shields CPUs for a measurement and puts the machine back: `tailgate isolate`."""
