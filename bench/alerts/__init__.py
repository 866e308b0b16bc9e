"""How good the alerts are: `make evaluate-alerts` writes the figures of docs/alerts.md."""
