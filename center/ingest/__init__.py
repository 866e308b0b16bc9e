"""From the topics to the store."""
