"""Names stand for files or variables, and for nothing else."""

from pathlib import Path

import pytest

from delivery.endpoints import EndpointError
from delivery.secrets import endpoint_of, resolved
from tests.delivery.alerts import subscriber


def test_a_file_comes_before_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUBSCRIBER_OPS_URL", " https://a.cn ")
    assert resolved("SUBSCRIBER_OPS_URL", tmp_path) == "https://a.cn"
    (tmp_path / "SUBSCRIBER_OPS_URL").write_text("https://b.cn\n")
    assert resolved("SUBSCRIBER_OPS_URL", tmp_path) == "https://b.cn"
    (tmp_path / "SUBSCRIBER_OPS_URL").write_text("https://c.cn\n")  # and is read each time
    assert endpoint_of(subscriber(), tmp_path).address == "https://c.cn"
    assert "c.cn" not in repr(endpoint_of(subscriber(), tmp_path))


@pytest.mark.parametrize("name", ["LEIMO_SASL_PASSWORD", "PATH", "../SUBSCRIBER_A", ""])
def test_other_names_are_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEIMO_SASL_PASSWORD", "hidden")
    (tmp_path.parent / "SUBSCRIBER_A").write_text("hidden")
    with pytest.raises(EndpointError, match="does not begin with SUBSCRIBER_"):
        resolved(name, tmp_path)


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUBSCRIBER_A", "  ")
    for folder in (None, tmp_path):
        with pytest.raises(EndpointError, match="SUBSCRIBER_A stands for nothing"):
            resolved("SUBSCRIBER_A", folder)
    (tmp_path / "SUBSCRIBER_A").mkdir()
    with pytest.raises(EndpointError, match="cannot be read"):
        resolved("SUBSCRIBER_A", tmp_path)
