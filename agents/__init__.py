"""The Faust agents: decode, call a pure function, send."""
