"""The version of the installed leimo; it is written in pyproject.toml alone."""

from importlib.metadata import version

VERSION = version("leimo")
