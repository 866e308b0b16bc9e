"""What a person gets who names the wrong file, a broken one, or one that is made to hurt."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import zstandard

from catalogue.checks import MAX_DEFINITION_BYTES
from catalogue.findings import MAX_FINDINGS
from catalogue.topic import publish
from catalogue.yaml_reader import MAX_EXPANDED
from kafka_io.brokers import EmbeddedBroker
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from schemas.catalogue import Brand, Catalogue

MEBIBYTE = 1 << 20


def leimo(*arguments: str, at_most_mib: int | None = None) -> tuple[int, str, str]:
    """Exit code and outputs; with `at_most_mib`, more memory ends it with a traceback."""
    limit = (
        f"import resource; resource.setrlimit(resource.RLIMIT_DATA, [{at_most_mib} << 20] * 2); "
    )
    code = (limit if at_most_mib else "") + "from leimo.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False,
        timeout=120, env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "LEIMO_PARTITIONS": "2"},
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["analyse", "FILE"], ["analyse", "--catalogue", "FILE"], ["backtest", "FILE"],
        ["backtest", __file__, "--catalogue", "FILE"], ["catalogue", "apply", "FILE"],
        ["catalogue", "check", "FILE"], ["demo", "--catalogue", "FILE"],
        ["demo", "--replay", "FILE"], ["detect", "FILE"], ["feed", "replay", "FILE"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_missing_file_is_a_wrong_command_line_everywhere(arguments: list[str]) -> None:
    code, out, error = leimo(*("/nowhere/file" if each == "FILE" else each for each in arguments))
    assert (code, out) == (2, "")
    assert "/nowhere/file" in error


@pytest.mark.embedded
def test_a_file_without_any_post_is_not_sent(
    embedded_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    asyncio.run(apply_topics(Settings(broker=embedded_broker.address, partitions=2)))
    file = tmp_path / "random.bin"
    file.write_bytes(bytes(range(256)) * 400)
    for speed in ("max", "1"):
        code, _, error = leimo(
            "feed", "replay", str(file), "--speed", speed, "--broker", embedded_broker.address
        )
        assert code == 1
        assert "is a post of weibo; nothing was sent" in error


def test_a_series_without_any_row_is_a_failure(tmp_path: Path) -> None:
    file = tmp_path / "not.json"
    file.write_text("this is no JSON\n")
    code, _, error = leimo("detect", str(file))
    assert code == 1
    assert "has no row; write timestamp,value rows" in error


def test_rows_that_go_back_in_time_are_told(tmp_path: Path) -> None:
    file = tmp_path / "counts.csv"
    file.write_text("2026-01-01 02:00,5\n2026-01-01 01:00,5\n2026-01-01 03:00,5\n")
    code, out, error = leimo("detect", str(file))
    assert (code, len(out.splitlines())) == (0, 4)
    assert "Earlier than the row before: 1 row, first 2026-01-01 01:00." in error


@pytest.mark.embedded
def test_a_brand_that_is_not_in_force_cannot_be_watched(embedded_broker: EmbeddedBroker) -> None:
    settings = Settings(broker=embedded_broker.address, partitions=2)

    async def fill() -> None:
        await apply_topics(settings)
        await publish(settings, Catalogue(brands=(Brand(id="xiaomi", name="小米"),)))

    asyncio.run(fill())
    at = ("--broker", embedded_broker.address)
    code, _, error = leimo("watch", "--once", "--brand", "xiaomy", *at)
    assert code == 1
    assert "--brand xiaomy: no such brand is in force; did you mean xiaomi?" in error
    assert leimo("watch", "--once", "--brand", "xiaomi", *at)[0] == 0


def test_a_small_file_that_unpacks_to_much_takes_little_memory(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.zst"
    with bomb.open("wb") as file, zstandard.ZstdCompressor(level=19).stream_writer(file) as packed:
        for _ in range(768):
            packed.write(bytes(MEBIBYTE))
    assert bomb.stat().st_size < 100_000
    code, _, error = leimo("backtest", str(bomb), at_most_mib=450)
    assert code == 1
    assert "no weibo posts at all" in error


def test_a_window_that_takes_much_memory_is_refused(tmp_path: Path) -> None:
    wide = tmp_path / "wide.zst"
    parameters = zstandard.ZstdCompressionParameters(window_log=28)
    stream = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    wide.write_bytes(stream.compress(b"x" * 999) + stream.flush())
    code, _, error = leimo("backtest", str(wide))
    assert code == 1
    assert "broken Zstandard" in error


def test_a_catalogue_without_an_end_is_read_no_further_than_its_limit() -> None:
    code, out, _ = leimo("catalogue", "check", "/dev/zero", at_most_mib=300)
    assert code == 1
    assert "is too large; a catalogue has at most" in out


def test_a_definition_that_fits_no_record_is_an_error_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "my.yml"
    names = [f"小米手机官方旗舰店{number}号" for number in range(45_000)]
    brand = {"id": "xiaomi", "name": "小米", "aliases": names}
    file.write_text(f"brands:\n  - {json.dumps(brand, ensure_ascii=False)}\n", encoding="utf-8")
    code, out, _ = leimo("catalogue", "check", str(file))
    assert code == 1
    assert f"{file}:2: brands[0]: xiaomi takes" in out
    assert f"{MAX_DEFINITION_BYTES:,} are the most" in out


def test_anchors_that_multiply_are_stopped(tmp_path: Path) -> None:
    file = tmp_path / "my.yml"
    words = ", ".join("a" for _ in range(1000))
    brands = "".join(f"  - {{id: b{at}, name: n{at}, aliases: *w}}\n" for at in range(1000))
    file.write_text(
        f"brands:\n  - {{id: first, name: x1, aliases: &w [{words}]}}\n{brands}", encoding="utf-8"
    )
    code, out, _ = leimo("catalogue", "check", str(file), at_most_mib=400)
    assert code == 1
    assert f"anchors add more than {MAX_EXPANDED} values" in out
    assert len(out.splitlines()) < 30


def test_many_errors_are_counted_and_few_are_told(tmp_path: Path) -> None:
    file = tmp_path / "my.yml"
    file.write_text("brands:\n" + "".join("  - {nme: x}\n" for _ in range(3000)), encoding="utf-8")
    code, out, _ = leimo("catalogue", "check", str(file))
    assert code == 1
    assert "has more errors than are listed" in out
    assert f"… and {MAX_FINDINGS - 20} more" in out
    assert len(out.splitlines()) < 30
