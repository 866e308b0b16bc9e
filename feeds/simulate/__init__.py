"""A simulated feed of Chinese posts, deterministic from its seed."""
