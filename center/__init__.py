"""The command center: a read model of the topics, an API over it, and pages over that."""
