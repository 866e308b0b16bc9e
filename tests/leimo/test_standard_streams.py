"""Output is whole, and a locale or bytes that are no text are no traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BRANDS = "brands: [{id: moka, name: 摩卡星, aliases: [🔥摩卡, 'a.*b(+']}]"
TEXT = "🔥摩卡真好喝"


@pytest.fixture
def brands(tmp_path: Path) -> Path:
    file = tmp_path / "brands.yml"
    file.write_text(BRANDS, encoding="utf-8")
    return file


def _run(
    *arguments: str | bytes, typed: bytes = b"", surroundings: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "leimo", *arguments],
        input=typed,
        capture_output=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, **(surroundings or {})},
        timeout=120,
    )


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_disk_that_fills_on_the_way_is_a_failure(
    brands: Path, tmp_path: Path, unbuffered: str
) -> None:
    # The limit takes a part of the first write, as a disk does that fills.
    limited = f'ulimit -f 8; exec "$@" > {tmp_path / "analysed.ndjson"}'
    command = [sys.executable, "-m", "leimo", "analyse", "--text", "--catalogue", str(brands)]
    done = subprocess.run(
        ["bash", "-c", limited, "bash", *command],
        input=f"{TEXT}\n".encode() * 1_000,
        stderr=subprocess.PIPE,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        timeout=120,
    )
    assert (tmp_path / "analysed.ndjson").stat().st_size == 8 * 1024
    assert done.returncode == 1, done.stderr
    assert b"error: the output cannot be written: File too large" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("encoding", ["gb2312", "latin-1", "ascii", "utf-8"])
def test_what_an_encoding_lacks_is_an_escape(brands: Path, encoding: str, unbuffered: str) -> None:
    surroundings = {"PYTHONIOENCODING": encoding, "PYTHONUNBUFFERED": unbuffered}
    arguments = ["analyse", "--explain", "--catalogue", str(brands)]
    shown = _run(*arguments, TEXT, surroundings=surroundings)
    assert shown.returncode == 0, shown.stderr
    lacking = TEXT if encoding == "utf-8" else "\\ud83d\\udd25"
    assert shown.stdout.decode(encoding).startswith(lacking)
    told = _run(*arguments, "--json", TEXT, surroundings=surroundings)
    assert json.loads(told.stdout.decode(encoding))["text"] == TEXT


def test_bytes_that_are_no_text_are_named(brands: Path) -> None:
    done = _run("analyse", "--explain", "--catalogue", str(brands), b"\xff\xfe" + TEXT.encode())
    assert done.returncode == 2
    assert done.stderr.decode().startswith(f"error: \\xff\\xfe{TEXT}: is not text in utf-8")
    assert b"Traceback" not in done.stderr


def test_typed_bytes_that_are_no_text_become_replacement_characters(brands: Path) -> None:
    arguments = ["analyse", "--explain", "--json", "--catalogue", str(brands)]
    done = _run(*arguments, typed=b"\xff" + TEXT.encode())
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["text"] == f"\ufffd{TEXT}"


def test_a_file_whose_name_is_no_text_is_read(brands: Path) -> None:
    odd = os.fsencode(brands.parent) + b"/\xff.yml"
    Path(os.fsdecode(odd)).write_bytes(brands.read_bytes())
    done = _run("catalogue", "check", odd)
    assert done.returncode == 0, done.stderr
    assert b"1 brand, 3 names" in done.stdout
