"""A foreign package with one of our names is told before it does harm."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from leimo.own_packages import PACKAGES, foreign_packages

ROOT = Path(__file__).resolve().parents[2]


def test_ours_are_ours() -> None:
    assert foreign_packages(ROOT) == []


def test_a_missing_package_is_told() -> None:
    told = foreign_packages(ROOT, ["no_package_of_ours"])

    assert told == [f"the package `no_package_of_ours` of leimo is missing in {ROOT}"]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_command_names_the_foreign_package_and_the_mend(tmp_path: Path, package: str) -> None:
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").write_text("raise RuntimeError('not to be imported')\n")
    done = subprocess.run(
        [sys.executable, "-c", "from leimo.__main__ import main; main()", "detect", "--help"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}", "PYTHONSAFEPATH": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert f"another package is called `{package}` too, and comes first: {tmp_path}" in done.stderr
    assert "virtual environment of its own" in done.stderr
    assert "Traceback" not in done.stderr
