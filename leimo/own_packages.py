"""Whether our packages are ours: their names are common words, and others may have them too."""

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

PACKAGES = (
    *("agents", "analysis", "backtest", "catalogue", "center", "delivery", "feeds", "kafka_io"),
    *("measures", "schemas", "sources", "streams", "views"),
)


def foreign_packages(home: Path, packages: Iterable[str] = PACKAGES) -> list[str]:
    """A line for each package that Python would take from elsewhere than `home`, or not find.

    Looks for them without importing them: one of that name may be anything.
    """
    found = []
    for package in packages:
        spec = find_spec(package)
        places = list(spec.submodule_search_locations or [spec.origin or ""]) if spec else []
        if not places:
            found.append(f"the package `{package}` of leimo is missing in {home}")
        elif Path(places[0]).resolve() != (home / package).resolve():
            found.append(f"another package is called `{package}` too, and comes first: {places[0]}")
    return found
