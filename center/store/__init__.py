"""The read model: what the topics say, in a database, with the offsets that it came from."""
