"""Each package that is imported is named in pyproject.toml, where its importers are installed."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
OURS = {
    *(package.parent.name for package in ROOT.glob("*/__init__.py")),
}
EXTRAS_OF = {
    "analysis/training": ["train"],
    "backtest/plots.py": ["plot"],
    "center/access/id_tokens.py": ["oidc"],
    "center/archive/files.py": ["parquet"],
    "center/api/export.py": ["parquet"],
    "center/store/clickhouse": ["clickhouse"],
    "center/store/postgres.py": ["postgres"],
    "kafka_io/brokers.py": ["demo"],
    "bench": ["evaluate", "bench"],
    "tests": ["dev"],
}
"""All else has what leimo itself needs."""
APART = {"bench/peers/quix_worker.py": "bench/peers/requirements.txt"}
"""What runs in an environment of its own, and what is installed there."""
DISTRIBUTIONS = packages_distributions()


def declared(extras: list[str]) -> set[str]:
    """Names that leimo asks for, with these extras and those that they name."""
    lines = [*PROJECT["dependencies"]]
    for extra in extras:
        lines += PROJECT["optional-dependencies"][extra]
    found: set[str] = set()
    for requirement in map(Requirement, lines):
        name = canonicalize_name(requirement.name)
        found |= declared(sorted(requirement.extras)) if name == "leimo" else {name}
    return found


def foreign(tree: ast.AST) -> Iterator[str]:
    """Distributions of what a file imports from others, wherever in it."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names):
                modules = [alias.name for alias in names]
            case ast.ImportFrom(str(module), _, 0):
                modules = [module]
            case _:
                continue
        for top in {module.split(".")[0] for module in modules} - OURS:
            if top not in sys.stdlib_module_names:
                # What is not installed here (a peer of `make bench`) has the name of its module.
                yield canonicalize_name(DISTRIBUTIONS.get(top, [top])[0])


def declared_for(file: Path) -> set[str]:
    path = file.relative_to(ROOT).as_posix()
    if path in APART:
        lines = (ROOT / APART[path]).read_text().splitlines()
        pinned = [line for line in lines if line and not line.startswith("#")]
        return {canonicalize_name(Requirement(line).name) for line in pinned}
    starts = (extras for start, extras in EXTRAS_OF.items() if path.startswith(start))
    return declared(next(starts, []))


@pytest.mark.parametrize("folder", [*sorted(OURS), "ops"])
def test_what_is_imported_is_declared(folder: str) -> None:
    """What comes with another package today may not come with its next version."""
    undeclared = {
        (file.relative_to(ROOT).as_posix(), name)
        for file in (ROOT / folder).rglob("*.py")
        for name in foreign(ast.parse(file.read_text()))
        if name not in declared_for(file)
    }

    assert undeclared == set()


@pytest.mark.parametrize("path", [*EXTRAS_OF, *APART])
def test_files_with_extras_exist(path: str) -> None:
    assert (ROOT / path).exists()
