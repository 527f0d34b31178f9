window.BENCHMARK_DATA = {
  "lastUpdate": 1772500000000,
  "repoUrl": "https://github.invalid/somebody/words",
  "entries": {
    "Python": [
      {"commit": {"author": {"name": "somebody"}, "id": "0123456789abcdef0123456789abcdef01234567", "message": "Strip faster\n\nas promised", "timestamp": "2026-03-01T12:00:00+01:00", "tree_id": "fedcba9876543210fedcba9876543210fedcba98", "url": "u"},
       "date": 1772362900000, "tool": "pytest", "benches": [{"name": "test_words.py::test_strip", "value": 1234.5, "unit": "iter/sec", "range": "stddev: 0.0002", "extra": "mean: 810 usec\nrounds: 3"}]},
      {"commit": {"id": "89abcdef0123456789abcdef0123456789abcdef", "message": "Another", "timestamp": "2026-03-02T12:00:00Z"},
       "date": 1772449300000, "tool": "customSmallerIsBetter", "benches": [{"name": "p99", "value": 200, "unit": "ns", "range": "± 5%"}, {"name": "p50", "value": 100, "unit": "ns", "range": "± 3"}]}
    ]
  }
}
