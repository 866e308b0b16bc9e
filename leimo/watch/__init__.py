"""The live view of a terminal: follow the topics, keep a scoreboard, draw it."""
