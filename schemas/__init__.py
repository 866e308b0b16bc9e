"""Records on the wire and the topics they travel on. Imports nothing else of leimo."""
