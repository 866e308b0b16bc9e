"""Languages by script."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.languages import language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("今天买了新手机，真好用", "zh"),
        ("iPhone真好", "zh"),
        ("我の手机坏了", "zh"),
        ("新しいスマホを買いました", "ja"),
        ("東京に行きたい", "ja"),
        ("새 핸드폰을 샀어요", "ko"),
        ("I love my new phone", "en"),
        ("The battery is dead 😡 again", "en"),
        ("J'adore mon nouveau téléphone", ""),
        ("iPhone 15 Pro Max", ""),
        ("😀😀", ""),
        ("", ""),
    ],
)
def test_the_script_tells_the_language(text: str, language: str) -> None:
    assert language_of(text) == language


@given(st.text())
def test_any_text_has_one_or_none(text: str) -> None:
    assert language_of(text) in {"zh", "en", "ja", "ko", ""}
