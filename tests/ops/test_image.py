"""The image says what is in it."""

import fnmatch
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from streams.version import VERSION

ROOT = Path(__file__).resolve().parents[2]


def test_an_image_that_is_built_without_arguments_names_its_version() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")

    assert re.findall(r"image\.version=(\S+)", dockerfile) == [VERSION]


def test_the_image_has_what_its_services_import() -> None:
    """The command of the Dockerfile, run here, names each dependency and those of the extras that
    center, deliver and their channels use."""
    built = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    [program] = re.findall(r'python -c "(.+)" > requirements\.txt', dockerfile)
    listed = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT, check=True, capture_output=True, text=True, timeout=60,
    ).stdout.splitlines()  # fmt: skip
    extras = built["optional-dependencies"]

    assert set(built["dependencies"]) < set(listed)
    for extra in ("apprise", "oidc", "parquet", "postgres"):
        assert set(extras[extra]) <= set(listed)


def test_the_version_is_written_once_and_is_there_when_the_image_is_built() -> None:
    """The build reads it from the Dockerfile, which is no part of an image's files by itself."""
    built = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    source = built["tool"]["hatch"]["version"]
    allowed = [
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    ]

    assert "version" in built["project"]["dynamic"]
    found = re.findall(source["pattern"], (ROOT / source["path"]).read_text(encoding="utf-8"))
    assert found == [VERSION]
    assert any(fnmatch.fnmatch(source["path"], pattern) for pattern in allowed)
