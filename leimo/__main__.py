"""Where the program begins: `leimo`, and `python -m leimo`."""

import sys
from pathlib import Path

from leimo.own_packages import foreign_packages


def main() -> None:
    """Make sure that our packages are ours, before any is imported; then run the command line."""
    foreign = foreign_packages(Path(__file__).resolve().parents[1])
    if foreign:
        sys.exit(
            f"error: {'; '.join(foreign)}. Install leimo into a virtual environment of its own, "
            "and start it in a folder without such names."
        )
    from leimo.cli import main as run_command_line

    run_command_line()


if __name__ == "__main__":
    main()
