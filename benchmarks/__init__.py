"""How fast, beside which limit: ``python -m benchmarks.NAME --json FILE``."""
