"""Mastodon servers, and others that speak its streaming API."""
