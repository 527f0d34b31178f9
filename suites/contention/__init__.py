"""Threads that meet: counters, limiters, hand-offs and managers of books under 1, 2, 4, 8 threads, GIL on and off.

Lockstep shares one CPU, and threads that meet need several: so runs follow one another in random order, and the unit is
still the turn, in which each contender runs once.
"""
