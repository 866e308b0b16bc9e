"""Files that others write, followed while they grow."""
