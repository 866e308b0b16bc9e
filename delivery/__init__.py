"""Alerts to their subscribers: stages, payloads and answers (pure), and the process that sends."""
