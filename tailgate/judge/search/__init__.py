"""The best composition, found by racing in lockstep: what is tried next, what is dropped, what is proved."""
