"""Hurt a running deployment in every way that one machine allows, and count what was lost.

`python -m tests.chaos --help`, or `make chaos`.
"""
