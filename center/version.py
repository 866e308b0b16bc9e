"""The version of the installed leimo; it is written in Dockerfile alone."""

from importlib.metadata import version

VERSION = version("leimo")
