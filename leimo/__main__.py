"""`python -m leimo` is `leimo`."""

from leimo.cli import main

main()
