"""Who may see and do what: users, tokens, sessions, and the guard before every request."""
