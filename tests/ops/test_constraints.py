"""constraints.txt pins what is installed, by name and version and nothing else."""

import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LINES = [
    line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")
]
PINNED = {canonicalize_name(line.split("==")[0]): line.split("==")[1] for line in LINES}


def wanted_by(name: str) -> set[str]:
    """Names of all that a package and what it needs need here."""
    found: set[str] = set()
    waiting = [Requirement(name)]
    while waiting:
        requirement = waiting.pop()
        installed = distribution(requirement.name)
        for line in installed.requires or []:
            needed = Requirement(line)
            extras = requirement.extras or {""}
            if needed.marker and not any(needed.marker.evaluate({"extra": e}) for e in extras):
                continue
            key = canonicalize_name(needed.name) + "[" + ",".join(sorted(needed.extras)) + "]"
            if key not in found:
                found.add(key)
                waiting.append(needed)
    return {canonicalize_name(key.split("[")[0]) for key in found}


def test_lines_are_a_name_and_a_version() -> None:
    for line in LINES:
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line), line


def test_all_that_is_needed_is_pinned_and_nothing_else() -> None:
    assert wanted_by("leimo[dev]") - {"leimo"} == set(PINNED)


def test_versions_fit_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for line in project["dependencies"]:
        requirement = Requirement(line)
        version = PINNED[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), line


def test_every_dependency_of_the_product_has_an_upper_bound() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    for line in [*project["dependencies"], *extras["demo"], *extras["plot"]]:
        operators = {specifier.operator for specifier in Requirement(line).specifier}
        assert operators & {"==", "<"}, line


def test_every_package_says_that_it_is_typed() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    for package in build["targets"]["wheel"]["packages"]:
        assert (ROOT / package / "py.typed").is_file(), package
