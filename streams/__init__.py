"""The Faust app: settings, transport, outbox, topics, tables, metrics."""
