"""Every page in a real browser: it draws, follows, leads to its posts, and nothing breaks it."""

import json
import re
import time
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from msgspec.structs import replace
from playwright.sync_api import expect

from center.pages.texts import texts
from center.store.protocol import MINUTE_MS, AlertFilter, Record, Scope
from schemas.action import ActionKind
from schemas.alert import AlertState
from schemas.catalogue import DEFINITION_KINDS, ReceivingChannel
from schemas.delivery import Outcome, Reason
from schemas.feed import FeedState, GapReason
from schemas.mention import Channel, Mention, Objective, Polarity, SpamSign
from schemas.post import Source
from schemas.rules import RuleKind
from schemas.topics import ALERTS, MENTIONS, WINDOWS
from schemas.window import Window
from tests.center.pages.conftest import Running

PAGES = {
    "/": ".grid table tbody tr",
    "/incidents?state=all": "#page table tbody tr",
    "/engage": "#page .card",
    "/search": ".posts .post",
    "/measure": ".figures .figure",
    "/compare": "#page table tbody tr",
    "/feeds": ".figures .figure",
    "/rules": "#page table tbody tr",
    "/rules/rule/spike": "form.fields input",
    "/rules/brand/": "form.fields input",
    "/brands/huawei": ".posts .post",
    "/wall": "#picture svg text",
}
"""Address -> what stands there when it is drawn."""


_RULES = {"runOnly": ["wcag2a", "wcag2aa"], "resultTypes": ["violations"]}


def api(running: Running, path: str) -> Any:
    with urllib.request.urlopen(f"{running.url}/api/{path}", timeout=20) as answer:
        return json.load(answer)


def an_alert(running: Running) -> str:
    found = running.store.alerts(Scope(), AlertFilter(brands=("huawei",)), None, 1)
    found = found or running.store.alerts(Scope(), AlertFilter(), None, 1)
    return found[0].id


def window(brand: str, at_ms: int, posts: int, number: int, revision: int = 0) -> Record:
    zero: dict[str, Any] = dict.fromkeys(set(Window.__struct_fields__) - {"intents"}, 0)
    given: dict[str, Any] = {
        "brand": brand,
        "start_ms": at_ms,
        "size_ms": MINUTE_MS,
        "revision": revision,
    }
    value = Window(**zero | given | {"posts": posts, "neutral": posts, "earned": posts})
    return Record(WINDOWS.name, 1, number, value.key.decode(), value)


_ALL_FIT = (
    "[...document.querySelectorAll('.card')].every((one) => one.scrollWidth <= one.clientWidth + 1)"
)


_SIDEWAYS = """[...document.querySelectorAll(".scroll, .choice, .nav")]
    .filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent)"""
_SMALL_TARGETS = """(least) => [
        ...document.querySelectorAll("button, .button, select, .chip, .nav a")]
    .filter((one) => one.offsetParent && one.getBoundingClientRect().height < least - 1)
    .map((one) => one.outerHTML.slice(0, 120))"""
_TEXTS = """[...document.querySelectorAll(
        "h1, h2, th, td, dt, dd, label > span, .quiet, .state, button")]
    .filter((one) => one.offsetParent).map((one) => one.innerText)"""
_ENGLISH = re.compile(r"(?<![-\w])(the|of|are|not|and|with|posts|expected|usual|by|in)(?![-\w])")
"""Words of sentences: names, ids and formats are Latin in Chinese too."""


@pytest.mark.parametrize(
    ("lang", "theme", "width", "height"),
    [
        ("en", "light", 1280, 800), ("zh", "dark", 390, 844),
        ("en", "dark", 390, 844), ("zh", "light", 1280, 800),
    ],
)  # fmt: skip
def test_every_page_draws_and_is_accessible(
    visit: Any, running: Running, lang: str, theme: str, width: int, height: int
) -> None:
    visitor = visit(lang=lang, theme=theme, width=width, height=height)
    serious: list[str] = []
    for path, drawn in [*PAGES.items(), (f"/alerts/{an_alert(running)}", ".figures .figure")]:
        page = visitor.goes(path)
        page.wait_for_selector(drawn, state="attached")
        page.wait_for_load_state("load")
        assert page.locator(".notice.is-wrong").count() == 0, path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert page.evaluate(_ALL_FIT), path
        assert page.evaluate(_SIDEWAYS) == [], path
        assert page.evaluate(_SMALL_TARGETS, 24 if width > 640 else 28) == [], path
        if lang == "zh":
            assert [text for text in page.evaluate(_TEXTS) if _ENGLISH.search(text)] == [], path
        serious += [
            f"{path}: {one['id']}: {one['nodes'][0]['html'][:120]}"
            for one in Axe().run(page, options=_RULES).response["violations"]
            if one["impact"] in {"serious", "critical"}
        ]

    assert serious == []
    assert visitor.troubles == []


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_tables_at_the_side_show_all_their_columns(visit: Any, lang: str) -> None:
    visitor = visit(lang=lang, width=1280)
    for path in ("/compare", "/engage"):
        page = visitor.goes(path)
        page.wait_for_selector(".card .scroll tbody tr")
        wide = "(one) => [one.scrollWidth, one.clientWidth]"
        for box in page.locator(".card .scroll").all():
            needed, given = box.evaluate(wide)
            assert needed <= given, path


def test_a_past_that_is_filled_in_is_told_on_every_page(visit: Any, running: Running) -> None:
    until_ms = running.store.freshness().closed_until_ms
    visitor = visit()
    running.store.note_filling(40, until_ms)
    try:
        for path in ("/", "/brands/huawei", "/feeds"):
            page = visitor.goes(path)
            told = "A simulated past is being filled in: 40 %"
            expect(page.locator("#filling")).to_have_text(told)
            assert page.locator("#freshness.is-stale").count() == 0
        expect(visitor.goes("/wall").locator("#picture")).to_contain_text("filled in: 40 %")
    finally:
        running.store.note_filling(100, until_ms)
    expect(visitor.goes("/").locator("#freshness")).to_contain_text("old")
    expect(visitor.page.locator("#filling")).to_be_hidden()


def test_texts_are_complete_in_both_languages() -> None:
    zh, en = texts("zh"), texts("en")

    assert list(zh) == list(en)
    for key, text in zh.items():
        assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", en[key])), key


@pytest.mark.parametrize(
    ("prefix", "values"),
    [
        ("reason", Reason), ("outcome", Outcome), ("receiver", ReceivingChannel),
        ("did", ActionKind), ("gap", GapReason), ("feed", FeedState), ("intent", Objective),
        ("spam", SpamSign), ("polarity", Polarity), ("channel", Channel), ("source", Source),
        ("kind", RuleKind), ("definition", DEFINITION_KINDS),
    ],
)  # fmt: skip
def test_every_value_has_a_text(prefix: str, values: Iterable[str]) -> None:
    assert [value for value in values if f"{prefix}.{value}" not in texts("en")] == []


def test_the_reason_of_an_alert_is_told_in_the_language_of_the_page(
    visit: Any, running: Running
) -> None:
    told = {}
    for lang in ("zh", "en"):
        page = visit(lang=lang).goes(f"/alerts/{an_alert(running)}")
        told[lang] = page.locator(".card p.reason").text_content()
    assert re.search(r"[\u4e00-\u9fff]", told["zh"].partition("：")[2])
    assert "：" not in told["en"].partition(": ")[0]
    assert not re.search(r"\b(posts|expected|account)\b", told["zh"])
    assert told["zh"] != told["en"]


def test_an_alert_says_what_its_figure_leaves_out(visit: Any, running: Running) -> None:
    alert = an_alert(running)
    page = visit(lang="en").goes(f"/alerts/{alert}")

    def with_spam(route: Any) -> None:
        told = route.fetch().json()
        changed = told | {"kind": "spike", "unit": "posts", "seen": 87.0}
        route.fulfill(json=changed | {"evidence": told["evidence"] | {"posts": 236}})

    page.route(f"**/api/alerts/{alert}", with_spam)
    page.reload()
    seen = page.locator(".figures .figure").first
    expect(seen).to_contain_text("posts, without doubtful ones and floods")


def test_of_pins_that_would_cover_each_other_the_worst_is_shown(
    visit: Any, running: Running
) -> None:
    page = visit(lang="en").goes("/brands/huawei?range=24h")

    def four(route: Any) -> None:
        """Three at nearly one time, and one hours later."""
        begun_ms = int(parse_qs(urlsplit(route.request.url).query)["from"][0])
        alerts = [(3, 3_600_000), (7, 3_660_000), (5, 3_720_000), (1, 40_000_000)]
        route.fulfill(json={"next": None, "items": [
            {"id": f"a{severity}", "severity": severity, "state": "resolved", "kind": "spike",
             "reason": "", "reason_zh": "", "started_at_ms": begun_ms + after_ms}
            for severity, after_ms in alerts
        ]})  # fmt: skip

    page.route("**/api/alerts?*", four)
    page.reload()
    assert sorted(page.evaluate(_PINS)) == [1, 7]


_PINS = """() => new Promise((done) => {
    const look = () => {
        const charts = [...document.querySelectorAll("[_echarts_instance_]")];
        const pins = charts
            .flatMap((box) => echarts.getInstanceByDom(box).getOption()?.series || [])
            .flatMap((one) => (one.markPoint?.data || []).map((pin) => pin.severity));
        pins.length ? done(pins) : requestAnimationFrame(look);
    };
    look();
})"""


def test_words_agree_with_their_count(visit: Any) -> None:
    page = visit(lang="en").goes("/")
    said = page.evaluate(
        """async () => {
            const frame = document.querySelector("script[type=module]").src;
            const { t } = await import(frame.replace(/[^/]+$/, "core.js"));
            return [["alerts.n", "1"], ["alerts.n", 0], ["post.reach", 1], ["posts.total", "1,001"]]
                .map(([key, n]) => t(key, { n }))
                .concat(t("kpi.points", { change: "−1" }));
        }"""
    )
    assert said == [
        "1 alert", "0 alerts", "1 follower", "1,001 posts", "−1 point on the span before",
    ]  # fmt: skip


def test_a_small_usual_is_no_measure_and_a_large_ratio_is_bounded(visit: Any) -> None:
    page = visit(lang="en").goes("/")
    said = page.evaluate(
        """async () => {
            const frame = document.querySelector("script[type=module]").src;
            const { fmt } = await import(frame.replace(/[^/]+$/, "core.js"));
            return [[43, 0.6], [43, null], [12, 4], [500, 2]].map((pair) => fmt.times(...pair))
                .concat(fmt.share(0.125), fmt.count(6_100_000));
        }"""
    )
    assert said == ["–", "–", "×3", ">\u00a0×100", "12.5\u00a0%", "6.1M"]


def test_no_figure_parts_from_its_percent_sign() -> None:
    for lang in ("zh", "en"):
        told = texts("zh" if lang == "zh" else "en")
        assert [key for key, text in told.items() if re.search(r"[\d}] %", text)] == []


def test_on_a_phone_language_and_theme_are_chosen_below_the_page(visit: Any) -> None:
    page = visit(lang="en", width=390, height=844).goes("/")
    page.select_option("[data-preference=leimo_lang]", "zh")
    expect(page.locator("h1")).to_have_text("总览")
    page.select_option("[data-preference=leimo_theme]", "dark")
    expect(page.locator("html[data-theme=dark]")).to_be_visible()


def test_what_cannot_be_pressed_does_not_look_as_if_it_could(visit: Any) -> None:
    page = visit(lang="en").goes("/rules/rule/")
    button = page.locator("button.first")
    expect(button).to_be_disabled()
    shown, accent = (
        button.evaluate("(one) => getComputedStyle(one).backgroundColor"),
        page.locator(".mark i").evaluate("(one) => getComputedStyle(one).backgroundColor"),
    )
    assert shown != accent


def test_a_report_on_paper_is_dark_on_white_and_says_whose_it_is(visit: Any) -> None:
    page = visit(lang="en", theme="dark").goes("/measure?brand=huawei")
    page.wait_for_selector(".chart canvas")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 718, "height": 1000})
    expect(page.locator("h1")).to_have_text("Measure · 华为")
    colours = page.evaluate(
        "['--paper', '--ink'].map((name) => getComputedStyle(document.documentElement)"
        ".getPropertyValue(name).trim())"
    )
    assert colours == ["#fff", "#000"]
    for canvas in page.locator(".chart canvas").all():
        assert canvas.bounding_box()["width"] <= 718
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.get_attribute("html", "data-theme") == "dark"


def test_the_keys_are_told(visit: Any) -> None:
    page = visit(lang="en").goes("/")
    page.keyboard.press("?")
    expect(page.locator("#toast")).to_contain_text("g then o")


def test_a_newcomer_goes_from_a_spike_to_its_posts_and_answers_by_keyboard(
    visit: Any, running: Running
) -> None:
    visitor = visit(lang="en")
    page = visitor.goes("/incidents?state=all")
    page.locator("a.whole").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".posts .post")

    page.keyboard.press("g")
    page.keyboard.press("e")
    page.wait_for_selector("#page .card .post")
    post = page.locator("#page .post").first
    subject = post.get_attribute("data-subject")
    take = post.get_by_role("button", name="Take it")
    take.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#toast")).to_be_visible()
    page.goto(f"{running.url}/engage?state=taken")
    page.wait_for_selector(f'[data-subject="{subject}"]')
    page.locator(f'[data-subject="{subject}"]').get_by_role("button", name="Release").focus()
    page.keyboard.press("Enter")
    expect(page.locator(f'[data-subject="{subject}"]')).to_have_count(0)
    assert visitor.troubles == []


def test_the_language_is_switched_and_stays(visit: Any) -> None:
    page = visit(lang="en").goes("/")
    expect(page.locator("h1")).to_have_text("Overview")
    page.select_option("[data-preference=leimo_lang]", "zh")
    expect(page.locator("h1")).to_have_text("总览")
    page.goto(page.url.rstrip("/") + "/feeds")
    expect(page.locator("h1")).to_have_text("数据源")
    assert page.get_attribute("html", "lang") == "zh-CN"


def test_what_comes_is_shown_without_a_reload(visit: Any, running: Running) -> None:
    page = visit().goes("/?q=honor")
    row = page.locator("tbody tr", has_text="荣耀").first
    row.wait_for()
    page.wait_for_function("() => document.getElementById('freshness').textContent.includes('old')")
    closed_ms = running.store.freshness().closed_until_ms
    running.take_in(window("honor", closed_ms, 777, 0))

    expect(row.locator("td").nth(2)).to_have_text("777")


def test_a_figure_leads_to_exactly_its_posts(visit: Any, running: Running) -> None:
    page = visit().goes("/brands/huawei?range=6h")
    page.wait_for_selector(".posts .post")
    page.select_option("[data-filter=polarity]", "negative")
    page.wait_for_url(re.compile("polarity=negative"))
    told = page.locator("#posts header p")
    span = re.compile(r"^[\d,]+ posts$")
    expect(told).to_have_text(span)
    page.wait_for_function(
        "() => [...document.querySelectorAll('.post .mood')]"
        ".every((one) => /^[−0]/.test(one.textContent))"
    )
    shown = int(told.inner_text().split()[0].replace(",", ""))
    now_ms = time.time_ns() // 1_000_000 // MINUTE_MS * MINUTE_MS
    asked = f"brand=huawei&from={now_ms - 6 * 60 * MINUTE_MS}&to={now_ms}"
    windows = api(running, f"windows?{asked}&step=1m&by=polarity")
    counted = sum(
        row[1] for one in windows["series"] if one["key"] == "negative" for row in one["points"]
    )

    assert shown == counted > 0


@pytest.mark.parametrize("has_pyarrow", [True, False])
def test_files_are_offered_that_can_be_had(
    visit: Any, monkeypatch: pytest.MonkeyPatch, has_pyarrow: bool
) -> None:
    monkeypatch.setattr("center.api.export.find_spec", lambda _: has_pyarrow or None)
    page = visit().goes("/search?q=huawei")
    page.wait_for_selector(".chip[download]")
    offered = page.locator(".chip[download]").all_inner_texts()

    assert offered == ["CSV", "NDJSON", *(["PARQUET"] if has_pyarrow else [])]


def test_a_figure_that_was_zero_before_says_so(visit: Any) -> None:
    page = visit().goes("/brands/huawei?range=1h")
    page.wait_for_selector(".figure .note")
    addressed = page.locator(".figure", has_text="Addressed to the brand")

    expect(addressed).to_contain_text("0 in the span before")


def test_a_brush_over_the_chart_takes_a_range_and_back_leaves_it(visit: Any) -> None:
    visitor = visit(height=1000)
    page = visitor.goes("/brands/huawei?range=6h")
    chart = page.locator(".chart.tall canvas").first
    chart.wait_for()
    page.wait_for_selector(".posts .post")
    box = chart.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    page.wait_for_url(re.compile(r"from=\d+&to=\d+"))
    expect(page.locator(".choice button[aria-pressed=true]")).to_contain_text("×")
    page.go_back()
    expect(page.locator(".choice button[aria-pressed=true]")).to_have_text("6 h")
    assert visitor.troubles == []


def test_an_alert_is_taken_noted_and_called_false(visit: Any, running: Running) -> None:
    alert = an_alert(running)
    page = visit().goes(f"/alerts/{alert}")
    page.get_by_role("button", name="Note").click()
    page.fill("dialog textarea", "<b>called the shop</b>\n第二行")
    page.click("dialog button.first")
    note = page.locator(".doing", has_text="called the shop")
    expect(note).to_contain_text("<b>called the shop</b>")
    page.get_by_role("button", name="False alarm").click()
    page.click("dialog button.first")
    expect(page.locator(".doing", has_text="false alarm")).to_be_visible()
    done = api(running, f"alerts/{alert}")

    assert {one["kind"] for one in done["actions"]} >= {"note", "false_alarm"}


def test_two_people_cannot_take_one_post(visit: Any, guarded: Running) -> None:
    wang, zhao = visit(url=guarded.url), visit(url=guarded.url)
    wang.logs_in("wang")
    zhao.logs_in("zhao")
    for one in (wang, zhao):
        one.goes("/engage")
        one.page.wait_for_selector(".post .doings button.first")
    # zhao sees the post as it was when wang takes it: no news reaches her page.
    zhao.page.evaluate("document.querySelector('.post').dataset.seen = 'yes'")
    zhao.page.route("**/api/engage*", lambda route: route.abort())
    subject = wang.page.locator(".post").first.get_attribute("data-subject")
    wang.page.locator(f'[data-subject="{subject}"] button.first').first.click()
    expect(wang.page.locator("#toast")).to_have_text("took it")
    zhao.page.unroute_all()
    zhao.page.route("**/api/engage*", lambda route: route.abort())
    stale = zhao.page.locator(f'[data-subject="{subject}"] button.first').first
    if stale.count():
        stale.click()
        expect(zhao.page.locator("#toast")).to_contain_text("wang")
    zhao.page.unroute_all()
    zhao.goes("/engage?state=taken")
    expect(zhao.page.locator(f'[data-subject="{subject}"]').first).to_contain_text("wang took it")
    expect(zhao.page.locator(f'[data-subject="{subject}"] button.first').first).to_be_disabled()


def test_the_center_goes_and_comes_back(visit: Any, running: Running) -> None:
    visitor = visit()
    page = visitor.goes("/")
    fresh = page.locator("#freshness")
    expect(fresh).to_contain_text("old", timeout=15_000)
    running.stop()
    expect(fresh).to_contain_text("Connection lost", timeout=15_000)
    assert "is-stale" in (fresh.get_attribute("class") or "")
    running.start()
    expect(fresh).to_contain_text("old", timeout=20_000)
    assert "Connection lost" not in fresh.inner_text()


HOSTILE = (
    "<script>window.owned = 1</script><img src=x onerror='window.owned = 1'>",
    "javascript:window.owned=1 <a href='javascript:window.owned=1'>小米</a>",
    "\u202egnp.小米\u202c \u2066小米\u200b\u200d\ufeff\u00ad",
    "小" * 10_000,
    "小米\x1b[2J\x1b]0;owned\x07\x00\x08",
    '=HYPERLINK("http://evil.example","小米")',
    "{{7*7}} ${7*7} </textarea></script><!-- 小米 {red|x}",
    "小米" + "\u0301" * 500,
)


@pytest.mark.parametrize("page_of", ["/brands/xiaomi?range=1h", "/search?range=1h&brand=xiaomi"])
def test_hostile_posts_are_text(visit: Any, running: Running, page_of: str) -> None:
    now_ms = time.time_ns() // 1_000_000
    offsets = running.store.offsets()
    at = offsets.get((MENTIONS.name, 3), 0)
    mentions = [
        Mention(
            brand="xiaomi",
            partition=3,
            offset=at + number,
            event_time_ms=now_ms - 10 * MINUTE_MS + number,
            polarity=Polarity.NEGATIVE,
            sentiment_milli=-900,
            author=text[:300],
            post=f"</script><b>{at + number}",
            source="weibo",
            text=text,
            terms=(text[:60],),
            intents=(Objective.CLIENT_MANAGEMENT,),
            region="<b>",
            original_author=text[:50],
            is_repost=number % 2 == 0,
        )
        for number, text in enumerate(HOSTILE)
    ]
    running.take_in(*(Record(MENTIONS.name, 3, one.offset, "xiaomi", one) for one in mentions))
    visitor = visit()
    page = visitor.goes(page_of)
    page.wait_for_selector(".posts .post:has-text('window.owned')")
    texts_shown = page.locator(".post .text").all_inner_texts()

    assert any(text.startswith("<script>window.owned = 1</script>") for text in texts_shown)
    assert not any(
        re.search("[\u202a-\u202e\u2066-\u2069\u200b\x00\x1b]", text) for text in texts_shown
    )
    assert page.evaluate("window.owned") is None
    assert (
        page.evaluate("[...document.links].filter((a) => /^javascript/i.test(a.href)).length") == 0
    )
    assert page.evaluate("document.querySelectorAll('.post script, .post img').length") == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert visitor.troubles == []


def test_links_out_tell_nobody_where_one_came_from(visit: Any) -> None:
    page = visit().goes("/search?range=24h")
    page.wait_for_selector(".posts .post")
    links = page.evaluate(
        "[...document.querySelectorAll('.posts a[href^=http]')].map((a) => [a.target, a.rel])"
    )

    assert all(link == ["_blank", "noopener noreferrer"] for link in links)


def test_a_rule_is_checked_as_one_types_published_and_taken_back(
    visit: Any, running: Running
) -> None:
    visitor = visit()
    page = visitor.goes("/rules/rule/spike")
    knob = page.locator("form.fields input[name=false_alerts_per_month]")
    knob.wait_for()
    before = knob.input_value()
    publish = page.get_by_role("button", name="Publish")
    knob.fill("-3")
    expect(page.locator(".finding b").first).to_be_visible()
    expect(publish).to_be_disabled()
    knob.fill("4")
    expect(publish).to_be_enabled()
    publish.click()
    expect(page.locator(".doing").first).to_contain_text("local")
    assert api(running, "definitions/rule/spike")["value"]["false_alerts_per_month"] == 4
    # Another browser, which knows nothing of this one's session, takes it back.
    other = visit()
    page = other.goes("/rules/rule/spike")
    page.get_by_role("button", name="Undo the last change").click()
    expect(page.locator("#toast")).to_have_text("Taken back")
    held = api(running, "definitions/rule/spike")["value"].get("false_alerts_per_month", 1)

    assert float(held) == float(before or 1)
    assert visitor.troubles == other.troubles == []


def test_a_definition_that_was_removed_is_put_back(visit: Any, running: Running) -> None:
    visitor = visit()
    page = visitor.goes("/rules/brand/")
    page.locator("input[aria-label=Id]").fill("kept")
    page.locator("form.fields input[name=name]").fill("旧爱")
    page.locator("form.fields textarea[name=aliases]").fill("旧爱手机")
    page.get_by_role("button", name="Publish").click()
    page.wait_for_url(re.compile("/rules/brand/kept$"))
    page.get_by_role("button", name="Remove").click()
    page.click("dialog button.first")
    page.wait_for_url(re.compile(r"/rules\?kind=brand"))
    page = visitor.goes("/rules/brand/kept")
    page.get_by_role("button", name="Undo the last change").click()
    expect(page.locator("#toast")).to_have_text("Taken back")
    assert api(running, "definitions/brand/kept")["value"]["name"] == "旧爱"
    page.get_by_role("button", name="Remove").click()
    page.click("dialog button.first")
    page.wait_for_url(re.compile(r"/rules\?kind=brand"))


def test_an_alert_is_given_to_somebody_and_released(visit: Any, running: Running) -> None:
    firing = running.store.alerts(Scope(), AlertFilter(), None, 50)[-1]
    number = running.store.offsets().get((ALERTS.name, 0), 0) + 1000
    again = replace(
        firing, id="given", state=AlertState.FIRING, ended_at_ms=None, incident="", revision=1
    )
    running.take_in(Record(ALERTS.name, 0, number, "", again))
    page = visit().goes("/alerts/given")
    page.get_by_role("button", name="Assign").click()
    page.fill("dialog input[name=assignee]", "wu 😀")
    page.click("dialog button.first")
    expect(page.locator(".doing").first).to_contain_text("wu 😀")
    assert api(running, "alerts/given")["assignee"] == "wu 😀"
    row = visit().goes("/incidents").locator("tbody tr", has_text="wu 😀")
    expect(row.first).to_be_visible()
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator("#toast")).to_be_visible()
    expect(page.get_by_role("button", name="Release")).to_be_visible()
    assert api(running, "alerts/given")["assignee"] == ""  # who acknowledged it has it
    page.get_by_role("button", name="Release").click()
    expect(page.get_by_role("button", name="Acknowledge")).to_be_visible()
    assert api(running, "alerts/given")["acknowledged_by"] == ""
    over = replace(again, state=AlertState.RESOLVED, ended_at_ms=again.updated_at_ms, revision=2)
    running.take_in(Record(ALERTS.name, 0, number + 1, "", over))


def test_measure_tells_the_figures_of_the_api_and_gives_a_picture(
    visit: Any, running: Running
) -> None:
    page = visit().goes("/measure?range=24h&brand=huawei")
    page.wait_for_selector(".figures .figure")
    span = page.evaluate("new URLSearchParams(location.search).get('range')")
    assert span == "24h"
    with page.expect_response(lambda answer: "/api/kpis" in answer.url) as heard:
        page.reload()
    told = {one["name"]: one["value"] for one in heard.value.json()["items"]}
    page.wait_for_selector(".figures .figure")
    shown = page.locator(".figures .figure").first.inner_text()
    assert f"{told['posts']:,.0f}" in shown.replace("\u202f", ",")
    with page.expect_download() as saved:
        page.get_by_role("button", name="PNG").first.click()
    assert Path(saved.value.path()).read_bytes().startswith(b"\x89PNG")
    page.locator("#tools select").select_option("xiaomi")
    page.wait_for_url(re.compile("brand=xiaomi"))


def test_compare_adds_and_removes_brands_and_shares_make_a_whole(
    visit: Any, running: Running
) -> None:
    page = visit().goes("/compare?range=24h&brands=huawei,xiaomi")
    rows = page.locator(".card .scroll tbody tr")
    expect(rows).to_have_count(2)
    page.locator("#page select").select_option("oppo")
    expect(rows).to_have_count(3)
    page.wait_for_url(re.compile("oppo"))
    shares = [float(one.rstrip(" %")) for one in rows.locator("td:nth-child(3)").all_inner_texts()]
    assert sum(shares) == pytest.approx(100, abs=2)
    page.get_by_role("button", name="×").first.click()
    expect(rows).to_have_count(2)
    page.go_back()
    expect(rows).to_have_count(3)


def test_a_cascade_shows_levels(visit: Any, running: Running) -> None:
    """Reposts of reposts stand apart from those of the original."""
    at_ms = running.store.freshness().closed_until_ms - 2 * MINUTE_MS
    first = running.store.offsets().get((MENTIONS.name, 6), 0) + 90_000
    reposts = [
        Mention(
            brand="huawei", partition=6, offset=first + n, event_time_ms=at_ms, author=f"r{n}",
            post=f"cascade{n}", source="weibo", text="转", is_repost=True, original="o1",
            original_author="老师", depth=n % 3, reach=10 * n,
        )
        for n in range(9)
    ]  # fmt: skip
    running.take_in(*(Record(MENTIONS.name, 6, one.offset, one.brand, one) for one in reposts))
    page = visit().goes("/brands/huawei?range=6h&original=老师&source=weibo")
    expect(page.locator("#cascade-of")).to_contain_text("9")
    found = page.evaluate(
        """async () => {
          const module = document.querySelector('script[type=module]').src;
          const { tree } = await import(module.replace(/[^/]+$/, 'charts.js'));
          const answer = await fetch('/api/cascade?brand=huawei&source=weibo&original=老师');
          const drawn = tree({}, await answer.json()).series[0].data[0];
          const depth = (node) => 1 + Math.max(0, ...(node.children || []).map(depth));
          const leaves = (node) => node.children ? node.children.flatMap(leaves) : [node.name];
          return [depth(drawn), leaves(drawn).length];
        }"""
    )
    assert found == [4, 9]


_TITLE_AND_CLOCK = """[...document.querySelectorAll('#picture svg text')]
    .map((one) => one.getBoundingClientRect()).filter((box) => box.top < 60)
    .map((box) => [box.left, box.right])"""


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(("width", "height"), [(1280, 720), (3840, 2160)])
def test_the_walls_buttons_stand_between_title_and_date(
    visit: Any, lang: str, width: int, height: int
) -> None:
    page = visit(width=width, height=height, lang=lang).goes("/wall")
    page.wait_for_selector("#picture svg text")
    tools = page.locator(".wall-tools").bounding_box()
    texts_ = page.evaluate(_TITLE_AND_CLOCK)

    assert len(texts_) >= 3 or height > 720
    for left, right in texts_:
        assert right <= tools["x"] or left >= tools["x"] + tools["width"]


def test_a_large_screen_has_large_letters(visit: Any) -> None:
    sizes = []
    for width, height in ((1280, 720), (3840, 2160)):
        page = visit(width=width, height=height).goes("/brands/huawei")
        page.wait_for_selector(".figures .figure")
        wide = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert wide
        sizes.append(page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)"))
    assert sizes[1] == 1.5 * sizes[0]


def test_on_a_phone_the_walls_buttons_cover_nothing(visit: Any) -> None:
    page = visit(width=390, height=844).goes("/wall")
    page.wait_for_selector("#picture svg text")
    # In one go: a wall that is drawn anew has another picture.
    picture = page.evaluate(
        "document.querySelector('#picture svg').getBoundingClientRect().toJSON()"
    )
    for button in page.locator(".wall-tools > *").all():
        box = button.bounding_box()
        assert box["y"] >= picture["y"] + picture["height"] - 4
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390


def test_keys_go_to_pages(visit: Any) -> None:
    page = visit().goes("/")
    page.wait_for_selector("tbody tr")
    page.keyboard.press("g")
    page.keyboard.press("i")
    page.wait_for_url(re.compile("/incidents$"))
    page.keyboard.press("/")
    page.wait_for_url(re.compile("/search$"))


def test_an_operator_of_one_brand_sees_nothing_of_another(visit: Any, guarded: Running) -> None:
    visitor = visit(url=guarded.url)
    visitor.logs_in("li")
    page = visitor.goes("/")
    page.wait_for_selector("tbody tr")
    names = page.locator("tbody tr td:nth-child(2)").all_inner_texts()
    for path in ("/search?range=24h", "/engage", "/incidents?state=all", "/wall", "/compare"):
        page = visitor.goes(path)
        page.wait_for_selector(".card, svg text")
        page.wait_for_load_state("load")
        assert "华为" not in page.inner_text("body"), path
    page = visitor.goes("/brands/huawei")
    page.wait_for_selector(".notice.is-wrong")

    assert names
    assert all("小米" in name for name in names)
    assert page.locator(".post").count() == 0


def test_without_a_login_nothing_is_shown(visit: Any, guarded: Running) -> None:
    visitor = visit(url=guarded.url)
    for path in PAGES:
        page = visitor.goes(path)
        assert page.locator("input[name=password]").count() == 1, path
    page.fill("input[name=name]", "wang")
    page.fill("input[name=password]", "wrong")
    page.click("button")
    expect(page.get_by_role("alert")).to_contain_text("wrong")


def test_a_screen_shows_the_wall_and_turns_through_groups(visit: Any, guarded: Running) -> None:
    visitor = visit(url=guarded.url, width=1920, height=1080)
    page = visitor.goes("/wall?kiosk=screen")
    page.wait_for_selector("#picture svg text")
    assert "kiosk" not in page.url
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "() => !document.querySelector('#picture text').textContent.includes('All')"
    )
    page.set_viewport_size({"width": 500, "height": 900})
    page.wait_for_function(
        "() => document.querySelector('#picture svg').viewBox.baseVal.width === 1000"
    )
    page = visitor.goes("/")

    assert "sees the wall alone" in page.content()
