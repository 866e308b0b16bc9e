"""The import table of docs/architecture.md, and what keeps the pure folders pure."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]

MAY_IMPORT: dict[str, set[str]] = {
    "schemas": set(),
    "sources": {"schemas"},
    "analysis": {"schemas", "sources"},
    "measures": {"schemas"},
    "kafka_io": {"schemas"},
    "streams": {"schemas", "kafka_io"},
    "agents": {"schemas", "sources", "analysis", "measures", "kafka_io", "streams"},
    "catalogue": {"schemas", "sources", "analysis", "measures", "kafka_io"},
    "views": {"schemas", "kafka_io"},
    "delivery": {"schemas", "kafka_io", "streams", "views"},
    "feeds": {"schemas", "sources", "kafka_io", "streams"},
    "backtest": {"schemas", "sources", "analysis", "measures", "kafka_io", "views", "feeds"},
    "center": {
        *("schemas", "sources", "analysis", "measures", "kafka_io", "catalogue", "views"),
        *("delivery", "backtest"),
    },
    "leimo": {
        *("schemas", "sources", "analysis", "measures", "kafka_io", "streams", "agents"),
        *("catalogue", "views", "delivery", "feeds", "backtest", "center"),
    },
}
OTHERS_OF_OURS = {"tests", "bench"}

PURE = {"sources", "analysis", "measures"}
PURE_PARTS = tuple(
    Path("delivery", name)
    for name in (
        *("stages.py", "outcomes.py", "messages.py", "answers.py", "endpoints.py"),
        *("explanations.py", "channels", "links.py", "notices.py"),
        *("digest_times.py", "digest_facts.py", "digests.py", "mail_pages.py", "pictures.py"),
        "recent.py",
    )
)
"""Of a package whose other files send."""
NOT_PURE = Path("analysis/training")
"""Fits the shipped model: a program for developers, which nothing imports."""
IMPURE_MODULES = {
    *("faust", "aiokafka", "mode", "aiohttp", "prometheus_client", "pydantic_settings"),
    *("os", "io", "sys", "time", "socket", "ssl", "http", "urllib", "subprocess", "shutil"),
    *("tempfile", "glob", "asyncio", "threading", "multiprocessing", "signal", "secrets", "uuid"),
}
LOADS_THE_MODEL = {"pathlib", "importlib"}
"""`analysis` may read the model that is shipped with it; `measures` reads no files."""
CLOCK_CALLS = {"now", "utcnow", "today", "time", "time_ns", "monotonic", "perf_counter"}
BUILTIN_CALLS = {"open", "input", "print", "__import__"}


class Violation(NamedTuple):
    file: str
    line: int
    what: str


def imported(tree: ast.AST, package: str) -> Iterator[tuple[int, str]]:
    """Line and dotted name of every import, wherever it stands; relative ones resolved."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, package if node.level else node.module or ""
        elif (
            isinstance(node, ast.Call)
            and called_name(node) in {"import_module", "__import__"}
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            yield node.lineno, str(node.args[0].value)


def called_name(call: ast.Call) -> str:
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def is_attribute_of(call: ast.Call, owners: set[str]) -> bool:
    """Whether `owner.name(...)` or `module.owner.name(...)` is called."""
    return isinstance(call.func, ast.Attribute) and (
        (isinstance(call.func.value, ast.Name) and call.func.value.id in owners)
        or (isinstance(call.func.value, ast.Attribute) and call.func.value.attr in owners)
    )


def wrong_imports(source: str, file: Path) -> list[Violation]:
    """Imports of our packages that the table does not allow."""
    package = file.parts[0]
    allowed = MAY_IMPORT[package] | {package}
    ours = set(MAY_IMPORT) | OTHERS_OF_OURS
    return [
        Violation(str(file), line, f"imports {name}")
        for line, name in imported(ast.parse(source), package)
        if (root := name.partition(".")[0]) in ours and root not in allowed
    ]


def is_pure(file: Path) -> bool:
    """Whether a file must touch nothing outside."""
    return (file.parts[0] in PURE and not file.is_relative_to(NOT_PURE)) or any(
        file.is_relative_to(part) for part in PURE_PARTS
    )


def impurities(source: str, file: Path) -> list[Violation]:
    """What a pure folder must not do: Kafka, HTTP, environment, clock, unseeded chance."""
    if not is_pure(file):
        return []
    forbidden = IMPURE_MODULES | (LOADS_THE_MODEL if file.parts[0] == "measures" else set())
    tree = ast.parse(source)
    found = [
        Violation(str(file), line, f"imports {name}")
        for line, name in imported(tree, file.parts[0])
        if (name.partition(".")[0] in forbidden and name != "urllib.parse")
        or name.startswith("analysis.training")
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "random":
            found += [
                Violation(str(file), node.lineno, f"imports random.{alias.name}")
                for alias in node.names
                if alias.name != "Random"
            ]
        elif isinstance(node, ast.Call) and (what := impure_call(node)):
            found.append(Violation(str(file), node.lineno, f"calls {what}"))
    return found


def impure_call(call: ast.Call) -> str:
    """What is wrong with a call, or nothing."""
    name = called_name(call)
    is_chance = name in {"Random", "default_rng", "RandomState"}
    if (
        (name in CLOCK_CALLS and is_attribute_of(call, {"datetime", "date", "time"}))
        or (name in BUILTIN_CALLS and isinstance(call.func, ast.Name))
        or (is_chance and not call.args and not call.keywords)
        or (not is_chance and is_attribute_of(call, {"random"}))
    ):
        return ast.unparse(call.func)
    return ""


def files() -> list[Path]:
    return [
        file.relative_to(ROOT)
        for package in MAY_IMPORT
        for file in sorted((ROOT / package).rglob("*.py"))
    ]


def test_every_package_is_in_the_table() -> None:
    packages = {file.parent.name for file in ROOT.glob("*/__init__.py")}

    assert packages - OTHERS_OF_OURS == set(MAY_IMPORT)


def test_the_table_is_the_one_in_the_architecture() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    documented: dict[str, set[str]] = {}
    for package, cell in re.findall(r"^\| `(\w+)/` \|.*\| ([^|]*) \|$", text, re.MULTILINE):
        if cell == "–":
            documented[package] = set()
        elif cell == "the above":
            documented[package] = set(documented)
        elif cell == "all":
            documented[package] = set(MAY_IMPORT) - {package}
        else:
            documented[package] = set(re.findall(r"`(\w+)`", cell))

    assert documented == MAY_IMPORT


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_packages_import_what_the_table_allows(package: str) -> None:
    sources = [(file, ROOT / file) for file in files() if file.parts[0] == package]

    assert sources, "nothing was looked at"
    assert [
        violation
        for file, path in sources
        for violation in wrong_imports(path.read_text(encoding="utf-8"), file)
    ] == []


@pytest.mark.parametrize("package", [*sorted(PURE), "delivery"])
def test_pure_packages_are_pure(package: str) -> None:
    sources = [
        (file, ROOT / file) for file in files() if file.parts[0] == package and is_pure(file)
    ]

    assert sources, "nothing was looked at"
    assert [
        violation
        for file, path in sources
        for violation in impurities(path.read_text(encoding="utf-8"), file)
    ] == []


def test_nothing_but_itself_and_the_tests_imports_the_training() -> None:
    """So that what it may do does not leak into the pipeline."""
    importers = [
        str(file)
        for file in files()
        if not file.is_relative_to(NOT_PURE)
        for _, name in imported(ast.parse((ROOT / file).read_text("utf-8")), file.parts[0])
        if name.startswith("analysis.training")
    ]

    assert importers == []


@pytest.mark.parametrize(
    ("file", "source", "line"),
    [
        ("schemas/a.py", "import kafka_io.settings", 1),
        ("schemas/a.py", "from analysis import words", 1),
        ("measures/rules/a.py", "\nfrom sources.words import own", 2),
        ("streams/a.py", "def f():\n    from leimo.cli import main", 2),
        ("streams/a.py", "if TYPE_CHECKING:\n    import agents.measure as m", 2),
        ("feeds/a.py", "try:\n    pass\nexcept OSError:\n    import measures", 4),
        ("feeds/a.py", "import json, agents", 1),
        ("agents/a.py", "import feeds", 1),
        ("streams/a.py", "importlib.import_module('agents.measure')", 1),
        ("streams/a.py", "from tests.streams import words", 1),
    ],
)
def test_a_planted_import_is_found(file: str, source: str, line: int) -> None:
    assert [found.line for found in wrong_imports(source, Path(file))] == [line]


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("schemas/a.py", "from . import topics\nimport schemas.post, msgspec"),
        ("agents/a.py", "import analysis, measures, streams, schemas"),
        ("leimo/a.py", "import feeds, agents"),
        ("feeds/a.py", "import streams_of_others"),
    ],
)
def test_what_is_allowed_is_no_violation(file: str, source: str) -> None:
    assert wrong_imports(source, Path(file)) == []


@pytest.mark.parametrize(
    "source",
    [
        "import faust",
        "from aiokafka import AIOKafkaProducer",
        "import aiohttp.web",
        "import os.path",
        "def f():\n    import time",
        "from time import monotonic as clock",
        "from os import environ",
        "datetime.now(UTC)",
        "dt.datetime.now()",
        "date.today()",
        "time.time()",
        "random.random()",
        "np.random.rand(3)",
        "from random import choice",
        "random.Random()",
        "np.random.default_rng()",
        "open('x')",
        "print('x')",
        "importlib.import_module('os')",
        "from analysis.training import fit",
    ],
)
@pytest.mark.parametrize("package", sorted(PURE))
def test_a_planted_impurity_is_found(package: str, source: str) -> None:
    assert impurities(source, Path(package) / "a.py")


@pytest.mark.parametrize(
    "source",
    [
        "import math, datetime, random",
        "random.Random(7).random()",
        "np.random.default_rng(seed)",
        "datetime.fromtimestamp(1, UTC)",
        "clock.now()",
        "state.time()",
        "from importlib.resources import files\nfrom pathlib import Path",
    ],
)
def test_what_is_pure_is_no_violation(source: str) -> None:
    assert impurities(source, Path("analysis/a.py")) == []


def test_measures_read_no_files() -> None:
    assert impurities("from pathlib import Path", Path("measures/a.py"))
