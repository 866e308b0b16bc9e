"""How right the analysis is, and what it costs: `python -m bench.evaluate`."""
