"""The spans of time over which posts are summed up and compared with what is expected."""

HORIZONS_MIN = (1, 5, 15, 60)
"""Minutes. Short ones see a large burst within seconds, long ones a small one at all."""
