"""`leimo detect`: one row out for each row in, at once, whatever the rows hold."""

import csv
import gzip
import io
import json
import math
import os
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from leimo.cli import app
from measures.series import SeriesDetector
from tests.leimo.started import started

HEADING = "timestamp,value,expected,score,alert"
START = datetime(2026, 5, 25, tzinfo=UTC)
COMMAND = [sys.executable, "-m", "leimo", "detect"]


def leimo(*arguments: str) -> Result:
    result = CliRunner().invoke(app, ["detect", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def rows_of(text: str | bytes, folder: Path, *arguments: str) -> list[dict[str, str]]:
    """What is written of a file with this content."""
    file = folder / "series.csv"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    result = leimo(str(file), *arguments)
    assert result.exit_code == 0, result.stderr
    return read(result.stdout)


def read(written: str) -> list[dict[str, str]]:
    assert written.splitlines()[0] == HEADING
    return list(csv.DictReader(io.StringIO(written)))


def at(minutes: float) -> str:
    return (START + timedelta(minutes=minutes)).strftime("%Y-%m-%d %H:%M:%S")


def bursting(rows: int = 400, step_min: int = 5, at_row: int = 350) -> list[tuple[str, int]]:
    """Two to four posts a row, and a burst."""
    return [
        (at(row * step_min), 80 if at_row <= row < at_row + 3 else 2 + row % 3)
        for row in range(rows)
    ]


def as_csv(rows: Iterable[tuple[object, object]], heading: str = "timestamp,value\n") -> str:
    return heading + "".join(f"{time},{value}\n" for time, value in rows)


def test_a_burst_is_one_alert_where_it_starts(tmp_path: Path) -> None:
    found = rows_of(as_csv(bursting()), tmp_path)

    assert [number for number, row in enumerate(found) if row["alert"] == "1"] == [350]
    assert float(found[350]["score"]) >= 0.5
    assert all(float(row["score"]) < 0.5 for row in found if row["alert"] == "0")
    assert 2 < float(found[350]["expected"]) < 5
    assert [row["timestamp"] for row in found] == [time for time, _ in bursting()]


def test_it_is_the_workers_detector_with_its_defaults(tmp_path: Path) -> None:
    found = rows_of(as_csv(bursting()), tmp_path)
    detector = SeriesDetector(300_000)

    start_ms = int(START.timestamp() * 1000)
    expected = [
        detector.take(start_ms + number * 300_000, value)
        for number, (_, value) in enumerate(bursting())
    ]
    assert [
        (f"{row.expected:.4f}", f"{row.score:.6f}", str(int(row.is_alert))) for row in expected
    ] == [(row["expected"], row["score"], row["alert"]) for row in found]


def test_the_knob_and_the_fewest_posts_quieten(tmp_path: Path) -> None:
    series = as_csv(bursting())
    assert all(row["alert"] == "0" for row in rows_of(series, tmp_path, "--min-posts", "1000"))
    loud = rows_of(series, tmp_path, "--false-alerts-per-month", "1000")
    quiet = rows_of(series, tmp_path, "--false-alerts-per-month", "0.001")
    assert float(quiet[350]["score"]) < float(loud[350]["score"])


def _public_series() -> list[Path]:
    folder = Path(__file__).resolve().parents[4] / "shared" / "data"
    return sorted((folder / "volumes").rglob("*.csv.gz")) + sorted(
        (folder / "series").rglob("*.csv*")
    )


@pytest.mark.parametrize("file", _public_series()[::9], ids=lambda file: file.name)
def test_real_series_give_a_row_for_each_row(file: Path) -> None:
    content = file.read_bytes()
    text = (gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content).decode()
    given = [(row["timestamp"], row["value"]) for row in csv.DictReader(io.StringIO(text))]
    found = read(leimo(str(file)).stdout)

    assert len(given) > 100
    assert given == [(row["timestamp"], row["value"]) for row in found]
    assert all(0 <= float(row["score"]) <= 1 for row in found)
    assert {row["alert"] for row in found} <= {"0", "1"}


def test_the_public_series_are_there(shared_data: Path) -> None:
    """Skips where they are absent, so that the test above is seen to be empty."""
    assert len(_public_series()) > 100


ROWS = as_csv(bursting(60))
SAME = {
    "no heading": ROWS.split("\n", 1)[1],
    "another heading": ROWS.replace("timestamp,value", "Date (UTC),posts"),
    "heading of one name": ROWS.replace("timestamp,value", "date"),
    "CRLF": ROWS.replace("\n", "\r\n"),
    "byte order mark": "\ufeff" + ROWS,
    "no line end at the end": ROWS.rstrip("\n"),
    "blank lines": "\n \n" + ROWS.replace("\n", "\n\n") + "\n\t\n",
    "spaces": ROWS.replace(",", " , "),
    "more columns": ROWS.replace("\n", ',"x, y",5\n'),
    "quoted": "".join(
        '"{}","{}"\n'.format(*line.split(",", 1)) for line in ROWS.splitlines() if line
    ),
    "epoch in seconds": as_csv(
        (int(START.timestamp()) + number * 300, value)
        for number, (_, value) in enumerate(bursting(60))
    ),
    "epoch in milliseconds": as_csv(
        (int(START.timestamp() * 1000) + number * 300_000, value)
        for number, (_, value) in enumerate(bursting(60))
    ),
    "epoch with decimals": as_csv(
        (f"{START.timestamp() + number * 300:.3f}", value)
        for number, (_, value) in enumerate(bursting(60))
    ),
    "time zones": as_csv(
        ((START + timedelta(hours=8, minutes=5 * number)).strftime("%Y-%m-%dT%H:%M:%S+08:00"), v)
        for number, (_, v) in enumerate(bursting(60))
    ),
    "Zulu": as_csv((time.replace(" ", "T") + "Z", value) for time, value in bursting(60)),
}


@pytest.mark.parametrize("content", SAME.values(), ids=SAME)
def test_however_it_is_written_it_means_the_same(content: str, tmp_path: Path) -> None:
    columns = ("value", "expected", "score", "alert")
    expected = [tuple(row[c] for c in columns) for row in rows_of(ROWS, tmp_path)]
    assert expected == [tuple(row[c] for c in columns) for row in rows_of(content, tmp_path)]


def test_packed_files_and_standard_input_are_read_alike(tmp_path: Path) -> None:
    expected = rows_of(ROWS, tmp_path)
    assert rows_of(gzip.compress(ROWS.encode()), tmp_path) == expected
    for arguments in ([], ["-"]):
        done = subprocess.run(
            [*COMMAND, *arguments], input=ROWS.encode(), capture_output=True, check=True, timeout=60
        )
        assert read(done.stdout.decode()) == expected
        assert done.stderr == b"0 alerts in 60 rows.\n"


def test_odd_values_are_passed_through_as_written(tmp_path: Path) -> None:
    values = ["-0", "1e300", "", "NaN", "nan", "0.30000000000000004", "+7", ".5", "5.",
              "12345678901234567890", "1e-320", "null", "0"]  # fmt: skip
    found = rows_of(as_csv((at(5 * n), value) for n, value in enumerate(values * 10)), tmp_path)

    assert values * 10 == [row["value"] for row in found]
    assert all(math.isfinite(float(row["expected"])) for row in found)
    assert all(0 <= float(row["score"]) <= 1 for row in found)
    assert {row["score"] for row in found if row["value"] in {"", "NaN"}} == {"0.000000"}


def test_values_that_are_not_known_are_no_silence(tmp_path: Path) -> None:
    rows = bursting(300, at_row=999)
    gap = [
        (time, "" if 100 <= number < 200 else value) for number, (time, value) in enumerate(rows)
    ]
    left_out = [row for number, row in enumerate(rows) if not 100 <= number < 200]
    found, shorter = rows_of(as_csv(gap), tmp_path), rows_of(as_csv(left_out), tmp_path)

    assert float(found[200]["expected"]) > 2
    assert [row["expected"] for row in found[200:]] == [row["expected"] for row in shorter[100:]]


@pytest.mark.parametrize(
    "minutes",
    [
        [0] * 50,
        list(range(50, 0, -1)),
        [0, 5, 10, 5, 15, 15, 0, 20],
        [0, 1, 60, 61, 600_000, 600_001, 2],
        [0, 0.01, 0.02, 5, 10_000],
        [0, 60 * 24 * 365 * 100, 5],
    ],
    ids=["all the same", "backwards", "disorder", "gaps", "irregular", "a century"],
)
def test_times_in_any_order_give_a_row_each(minutes: list[float], tmp_path: Path) -> None:
    times = [at(minute) for minute in minutes]
    found = rows_of(as_csv((time, 5) for time in times), tmp_path)
    assert times == [row["timestamp"] for row in found]
    assert all(0 <= float(row["score"]) <= 1 for row in found)


@pytest.mark.parametrize(
    ("content", "rows"),
    [("2026-05-25,5", 1), ("2026-05-25", 1)],
    ids=["one row", "one time without a value"],
)
def test_short_files(content: str, rows: int, tmp_path: Path) -> None:
    assert rows == len(rows_of(content, tmp_path))
    assert rows_of(content, tmp_path, "--plot", str(tmp_path / "plot.svg")) is not None
    ET.parse(tmp_path / "plot.svg")


@pytest.mark.parametrize("content", ["", "\n\n", "timestamp,value\n", "this is no CSV\n"])
def test_no_row_at_all_is_a_failure(content: str, tmp_path: Path) -> None:
    file = tmp_path / "series.csv"
    file.write_text(content)
    result = leimo(str(file), "--plot", str(tmp_path / "plot.svg"))
    assert (result.exit_code, result.stdout) == (1, "timestamp,value,expected,score,alert\n")
    assert f"{file}: has no row; write timestamp,value rows" in result.stderr
    ET.parse(tmp_path / "plot.svg")


BROKEN = {
    "value": ("2026-05-25,5\n2026-05-26,many\n", "2: 'many' is no number; leave it empty"),
    "value with a comma": ('2026-05-25,"1,5"\n', "1: '1,5' is no number"),
    "value with underscores": ("2026-05-25,1_000\n", "1: '1_000' is no number"),
    "value in other digits": ("2026-05-25,٣\n", "1: '٣' is no number"),
    "infinite value": ("2026-05-25,inf\n", "1: 'inf' is no number"),
    "value below 0": ("2026-05-25,5\n2026-05-26,-3\n", "2: '-3' is below 0; counts are 0 or more"),
    "overflowing value": ("2026-05-25,1e999\n", "1: '1e999' is no count"),
    "time": ("timestamp,value\n\nyesterday,5\n", "3: 'yesterday' is no time; write such as"),
    "time in the first row": ("2026-13-45,5\n", "1: '2026-13-45' is no time"),
    "no time": ("2026-05-25,5\n,5\n", "2: '' is no time"),
    "commas alone": ("2026-05-25,5\n,\n", "2: '' is no time"),
    "second heading": ("timestamp,value\ntimestamp,value\n", "2: 'timestamp' is no time"),
    "time before 1970": ("1960-01-01,5\n", "1: '1960-01-01' is out of range"),
    "time in microseconds": ("1396310400000000,5\n", "1: '1396310400000000' is out of range"),
    "control characters": ("2026-05-25\x1b00:00,5\n", "1: '2026-05-25\\x1b00:00' is no time"),
    "comma within a time": ('"2026-05-25,00:00",5\n', "1: '2026-05-25,00:00' is no time"),
    "open quotation mark": ('2026-05-25,5\n"2026-05-26,5\n2026-05-27,5\n', "2: '\"2026-05-26,5'"),
    "bytes": (b"2026-05-25,5\n\xff\xfe,5\n", "2: byte 0xff is not UTF-8; save the file as UTF-8"),
    "long value": ("2026-05-25," + "x" * 5000, "1: '" + "x" * 60 + "…' is no number"),
    "endless line": ("2026-05-25," + "5" * (1 << 21), "1: 2,097,163 bytes are no CSV row"),
}


@pytest.mark.parametrize(("content", "message"), BROKEN.values(), ids=BROKEN)
def test_a_row_that_is_none_is_named_with_its_line(
    content: str | bytes, message: str, tmp_path: Path
) -> None:
    file = tmp_path / "series.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    result = leimo(str(file))

    assert result.exit_code == 1
    assert f"{file}:{message}" in result.stderr
    assert "\x1b[2" not in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_rows_before_a_broken_one_are_written(tmp_path: Path) -> None:
    file = tmp_path / "series.csv"
    file.write_text("2026-05-25,5\n2026-05-26,6\nsoon,7\n")
    assert [row["value"] for row in read(leimo(str(file)).stdout)] == ["5", "6"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.csv"], "nowhere.csv: no such file"),
        (["."], ".: is a folder; name a file in it"),
        (["series.csv", "--plot", "plot.pdf"], "--plot plot.pdf: name a file that ends in .png or"),
        (["series.csv", "--plot", "nowhere/plot.png"], "name a file in a folder that exists"),
        (["series.csv", "--step", "5"], "--step '5' is no time; write such as 60s, 5m, 1h or 1d"),
        (["series.csv", "--step", "0m"], "--step '0m' is no time"),
    ],
)
def test_mistakes_are_told_before_the_work(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("series.csv").write_text(ROWS)
    result = leimo(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_a_file_that_is_cut_off_is_named(tmp_path: Path) -> None:
    file = tmp_path / "cut.csv.gz"
    file.write_bytes(gzip.compress(ROWS.encode())[:-20])
    result = leimo(str(file))
    assert result.exit_code == 1
    assert f"{file}: cannot be read" in result.stderr


def test_json_says_the_same_with_more(tmp_path: Path) -> None:
    file = tmp_path / "series.csv"
    values = [*(str(value) for _, value in bursting()), "", "12345678901234567890", "+5"]
    file.write_text(as_csv((at(5 * number), value) for number, value in enumerate(values)))
    told = [json.loads(line) for line in leimo(str(file), "--json").stdout.splitlines()]

    assert list(told[350]) == [
        "timestamp", "value", "expected", "score", "alert", "severity", "horizon_min"
    ]  # fmt: skip
    assert [row["value"] for row in told[-3:]] == [None, 12345678901234567890, 5]
    assert [row["alert"] for row in told].index(1) == 350
    assert told[350]["severity"] >= 1
    assert told[0]["severity"] == 0
    plain = read(leimo(str(file)).stdout)
    assert [float(row["score"]) for row in plain] == [row["score"] for row in told]


_VALUES = st.one_of(st.integers(0, 30).map(str), st.sampled_from(["", "500", "0.5", "1e9"]))
_GAPS = st.sampled_from([60, 60, 60, 300, 0, -60, 3600, 86_400, 7])


@given(rows=st.lists(st.tuples(_GAPS, _VALUES), min_size=1, max_size=120), data=st.data())
@hypothesis_settings(max_examples=40, deadline=None)
def test_a_cut_file_gives_the_beginning_of_what_the_whole_gives(
    rows: list[tuple[int, str]], data: st.DataObject
) -> None:
    """So no row depends on what comes after it: nor does the step that the first rows tell."""
    seconds = 1_700_000_000
    lines = []
    for gap, value in rows:
        seconds += gap
        lines.append(f"{seconds},{value}\n")
    cut = data.draw(st.integers(0, len(lines)))
    with TemporaryDirectory() as folder:
        file = Path(folder) / "series.csv"
        file.write_text("".join(lines))
        whole = leimo(str(file)).stdout.splitlines()
        file.write_text("".join(lines[:cut]))
        part = leimo(str(file)).stdout.splitlines()
    assert len(whole) == len(lines) + 1
    assert part == whole[: cut + 1]


def test_the_step_is_told_by_the_rows_or_by_hand(tmp_path: Path) -> None:
    hourly = as_csv(bursting(400, 60))
    assert rows_of(hourly, tmp_path)[1:] == rows_of(hourly, tmp_path, "--step", "1h")[1:]
    by_minute = rows_of(hourly, tmp_path, "--step", "1m")
    assert by_minute != rows_of(hourly, tmp_path)


def test_each_row_is_judged_as_soon_as_it_is_there_and_ctrl_c_is_quiet() -> None:
    with started("detect") as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(f"{at(0)},5\n".encode())
        process.stdin.flush()
        assert process.stdout.readline() == f"{HEADING}\n".encode()
        assert process.stdout.readline().startswith(f"{at(0)},5,".encode())
        process.stdin.write(f"{at(5)},6\n".encode())
        process.stdin.flush()
        assert process.stdout.readline().startswith(f"{at(5)},6,".encode())
        process.send_signal(signal.SIGINT)
        complaint = process.stderr.read()
        process.stdin.close()
    assert process.returncode == 130
    assert b"Traceback" not in complaint


def test_a_reader_that_stops_early_ends_it_quietly_and_the_plot_is_whole(tmp_path: Path) -> None:
    file, plot = tmp_path / "series.csv", tmp_path / "plot.svg"
    file.write_text(as_csv(bursting(10_000, at_row=9_000)))
    with started("detect", str(file), "--plot", str(plot)) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        complaint = process.stderr.read()
    assert (process.returncode, complaint) == (0, b"1 alert in 10,000 rows.\n")
    assert "alert" in plot.read_text()

    with started("detect", str(file)) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        complaint = process.stderr.read()
    assert process.returncode == 0
    assert b"Traceback" not in complaint


def test_plots_are_real_pictures_with_the_alert(tmp_path: Path) -> None:
    png, svg = tmp_path / "plot.png", tmp_path / "plot.svg"
    rows_of(as_csv(bursting()), tmp_path, "--plot", str(png))
    rows_of(as_csv(bursting()), tmp_path, "--plot", str(svg))

    content = png.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert content.endswith(b"IEND\xaeB`\x82")
    width, height = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
    assert width > 1000
    assert height > 300
    texts = [element.text for element in ET.parse(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert {"seen", "expected", "alert", "series.csv"} <= set(texts)
    again = tmp_path / "again.svg"
    rows_of(as_csv(bursting()), tmp_path, "--plot", str(again))
    assert again.read_bytes() == svg.read_bytes()


def test_a_hostile_file_name_breaks_neither_picture_nor_terminal(tmp_path: Path) -> None:
    name = os.fsdecode(
        b'<script>alert(1)</script>&"$\\frac{\x1b[2J\xff\xe5\xb0\x8f\n.csv'.replace(b"/", b"")
    )
    file, plot = tmp_path / name, tmp_path / "plot.svg"
    file.write_text(ROWS)
    assert leimo(str(file), "--plot", str(plot)).exit_code == 0
    assert leimo(str(file), "--plot", str(plot.with_suffix(".png"))).exit_code == 0
    root = ET.parse(plot).getroot()
    assert not list(root.iter("{http://www.w3.org/2000/svg}script"))
    assert any("<script>" in (element.text or "") for element in root.iter())

    file.write_text("2026-05-25,x\n")
    complaint = leimo(str(file)).stderr
    assert "\x1b[2J" not in complaint
    assert len(complaint.splitlines()) == 1


def test_matplotlib_is_missed_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backtest.plots.find_spec", lambda name: None)
    file = tmp_path / "series.csv"
    file.write_text(ROWS)
    result = leimo(str(file), "--plot", str(tmp_path / "plot.png"))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "-m pip install matplotlib" in result.stderr


def test_a_full_disk_is_a_message(tmp_path: Path) -> None:
    file = tmp_path / "series.csv"
    file.write_text(ROWS)
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*COMMAND, str(file)], stdout=full, stderr=subprocess.PIPE, check=False, timeout=60
        )
    assert done.returncode == 1
    assert b"error: the output cannot be written: No space left on device" in done.stderr
    assert b"Traceback" not in done.stderr
