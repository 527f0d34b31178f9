"""Building CPython: plain, with profile-guided optimisation, and trained on the pipeline."""
