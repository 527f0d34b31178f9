"""The instrument: measures the latency of Python code and judges its tails. It knows nothing of trading."""
