"""leimo's peers: the same work on other stream processors."""
