"""The demo's past and its mailbox."""

from pathlib import Path
from typing import cast

import aiohttp

from analysis.shipped import analyser_of
from catalogue.file import SHIPPED, load
from center.store.opening import open_store
from center.store.protocol import (
    COUNT_NAMES,
    EVERYTHING,
    HOUR_MS,
    MentionFilter,
    Record,
    Span,
    Store,
)
from leimo.demo_mailbox import Mailbox
from leimo.demo_week import _Writer, fill
from measures.board import Output
from schemas.alert import Alert, AlertState
from schemas.mention import GROUP_PREFIX

UNTIL_MS = 1_779_717_600_000


def test_the_past_counts_each_of_its_posts_and_ends_when_the_demo_begins(tmp_path: Path) -> None:
    catalogue = load(SHIPPED)
    store = open_store(f"sqlite:///{tmp_path / 'center.db'}")
    try:
        fill(store, catalogue, analyser_of(catalogue), UNTIL_MS, rate=1.0, days=0.02)
        assert store.freshness().filling_percent is None  # it is whole
        span = Span(UNTIL_MS - HOUR_MS, UNTIL_MS)
        totals = store.totals(EVERYTHING, None, span)
        counted = {
            brand: counts[COUNT_NAMES.index("posts")]
            for brand, counts in totals.items()
            if not brand.startswith(GROUP_PREFIX)
        }
        listed = {
            brand: store.count_mentions(EVERYTHING, MentionFilter(brands=(brand,)), 100_000)
            for brand in counted
        }
    finally:
        store.close()

    assert sum(counted.values()) > 200
    assert counted == listed


def alert(name: str, state: AlertState, incident: str = "") -> Alert:
    return Alert(
        id=name, fingerprint=f"{name}/x", rule=name, kind="spike", brand="x", state=state,
        revision=int(state is AlertState.RESOLVED), severity=1, started_at_ms=0, updated_at_ms=0,
        seen=9, expected=1, reason="x: more", incident=incident,
    )  # fmt: skip


class Kept:
    """Alerts in the order in which they are put into a store."""

    def __init__(self) -> None:
        self.alerts: list[str] = []

    def apply(self, records: list[Record], offsets: dict[tuple[str, int], int]) -> None:
        self.alerts += [one.value.id for one in records if isinstance(one.value, Alert)]


def test_an_alert_of_the_past_is_shown_when_its_incident_is_over() -> None:
    kept = Kept()
    writer = _Writer(cast(Store, kept))
    firing, over = AlertState.FIRING, AlertState.RESOLVED
    writer.write([], Output(alerts=[alert("head", firing, "head"), alert("alone", firing)]))
    writer.write([], Output(alerts=[alert("part", firing, "head")]))
    assert kept.alerts == []
    writer.write([], Output(alerts=[alert("part", over, "head"), alert("alone", over)]))
    assert kept.alerts == ["alone"]
    writer.write([], Output(alerts=[alert("last", firing)]))
    writer.write([], Output(alerts=[alert("head", over, "head")]))
    assert kept.alerts == ["alone", "part", "head"]
    writer.end(60_000)
    assert kept.alerts == ["alone", "part", "head", "last"]


async def test_the_mailbox_shows_messages_as_text() -> None:
    async with Mailbox().serving() as mailbox, aiohttp.ClientSession() as session:
        for path, body, answer in (
            ("dingtalk", {"text": {"content": "预警 <script>1</script>"}}, '{"errcode": 0'),
            ("slack", {"blocks": [{"text": {"text": "<b>alert</b>"}}]}, "ok"),
        ):
            async with session.post(mailbox.url + path, json=body) as told:
                assert (await told.text()).startswith(answer)
        async with session.post(mailbox.url + "slack", data=b"[") as wrong:
            assert wrong.status == 400
        async with session.get(mailbox.url) as page:
            text = await page.text()
            assert "unsafe" not in page.headers["content-security-policy"]

    assert "预警 &lt;script&gt;1&lt;/script&gt;" in text
    assert "&lt;b&gt;alert&lt;/b&gt;" in text
    assert text.index("Slack") < text.rindex("DingTalk")
