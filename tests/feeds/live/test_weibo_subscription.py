"""`leimo feed weibo subscriptions`: the catalogue's names become keywords, as a diff first."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from catalogue.file import SHIPPED, load
from feeds.live.weibo.keywords import MAX_LENGTH, Changes, keywords_of
from schemas.catalogue import Brand, Context
from tests.feeds.live.weibo_server import SUBSCRIPTION, WeiboServer

MINE = """
# names that nobody knows: to known ones, known spellings are added
brands:
  - {id: qingyou, name: 青柚, trade: phones, aliases: [QYOS, Qing You], ambiguous: [青柚],
     campaigns: [青柚之夜]}
  - {id: chiyan, name: 赤岩, aliases: ["a,b"]}
"""
WANTED = {"青柚", "QYOS", '"Qing You"', "#青柚之夜#", "赤岩"}


async def subscriptions(server: WeiboServer, catalogue: Path, *more: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "leimo", "feed", "weibo", "subscriptions"),
        *("--subscription", str(SUBSCRIPTION), "--address", server.url),
        *("--catalogue", str(catalogue), *more),
        env={**os.environ, "WEIBO_APP_KEY": "appkey-of-the-test"}, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_a_diff_is_shown_and_made_so(tmp_path: Path) -> None:
    mine = tmp_path / "my.yml"
    mine.write_text(MINE, encoding="utf-8")
    server = WeiboServer()
    server.keywords = ["赤岩", "锤子"]
    async with server.serving():
        code, out, err = await subscriptions(server, mine)
        assert (code, "+ 青柚\n" in out, "- 锤子\n" in out) == (0, True, True)
        assert "4 to add, 1 to remove, 1 stay" in out
        assert "青柚 (qingyou) is a word of the language too" in err
        assert "chiyan: 'a,b' holds a comma" in err
        assert server.keywords == ["赤岩", "锤子"]
        assert (await subscriptions(server, mine, "--sync", "--keep"))[0] == 0
        assert set(server.keywords) == WANTED | {"锤子"}
        assert (await subscriptions(server, mine, "--sync"))[0] == 0
        assert set(server.keywords) == WANTED
        calls = len(server.calls)
        assert "0 to add, 0 to remove, 5 stay" in (await subscriptions(server, mine, "--sync"))[1]
        assert len(server.calls) == calls + 1
        server.refusal = (403, {"error": "Ip is limited", "error_code": 10004})
        code, _, err = await subscriptions(server, mine)
        assert (code, "Weibo refuses: 10004 Ip is limited" in err) == (1, True)
        server.refusal = (200, {"result": False})
        code, _, err = await subscriptions(server, mine, "--sync")
        assert (code, "the answer holds no `filters`" in err) == (1, True)
        assert "Traceback" not in err


async def test_many_names_go_in_calls_of_fifty(tmp_path: Path) -> None:
    """The server refuses more."""
    mine = tmp_path / "my.yml"
    rows = [f"  - {{id: b{number}, name: 牌子{number}号}}" for number in range(120)]
    mine.write_text("\n".join(["brands:", *rows]), encoding="utf-8")
    server = WeiboServer()
    async with server.serving():
        assert (await subscriptions(server, mine, "--sync"))[0] == 0
    assert len(server.keywords) == 120
    assert len(server.calls) == 1 + 3 + 1


def test_names_of_the_shipped_catalogue_fit() -> None:
    found = keywords_of(load(SHIPPED).brands)
    assert not found.left
    assert max(map(len, found.words)) <= MAX_LENGTH + 2
    assert ("苹果", "apple") in found.ambiguous


def test_a_context_that_stands_alone_is_for_all_names() -> None:
    brand = Brand("mi", "小米", ("米家",), context=Context(require=("手机",)))
    assert keywords_of([brand]).ambiguous == (("小米", "mi"), ("米家", "mi"))


@pytest.mark.parametrize(("kept", "most"), [(0, 3), (5, 8)])
def test_both_are_there_while_one_replaces_the_other(kept: int, most: int) -> None:
    assert Changes(("a",), ("b", "c"), kept).most == most
