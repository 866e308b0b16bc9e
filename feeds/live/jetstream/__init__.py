"""Bluesky by Jetstream."""
