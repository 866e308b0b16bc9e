"""The API under /api: routers, and the shapes of their answers."""
