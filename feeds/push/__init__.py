"""Posts that others bring over HTTP."""
