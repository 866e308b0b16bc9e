"""How long a person waits for the command center's pages, with many brands.

    make bench ARGS="page_waits --brands 50000"

Starts a broker in memory and `leimo center`, defines so many brands, sends ten windows and posts a
second, and opens pages in Chromium, a new one each time: from the request to the first drawn wall
or overview, and from a click on a brand to its chart. In ms, over the loopback.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from statistics import median
from typing import Any

from bench.center_load import PATIENCE_S, running_center
from bench.walls import CHROMIUM
from kafka_io.brokers import EmbeddedBroker
from kafka_io.settings import Settings

_CHART = """() => new Promise((done) => {
    const look = () => {
        const shown = [...document.querySelectorAll("[_echarts_instance_]")]
            .flatMap((box) => echarts.getInstanceByDom(box).getOption()?.series || []);
        shown.some((one) => one.data?.length) ? done() : requestAnimationFrame(look);
    };
    look();
})"""
"""Until a chart shows values."""

Waited = Callable[[Any, str], Coroutine[Any, Any, float]]


async def _wall(page: Any, url: str) -> float:
    return await _opened(page, f"{url}/wall", "#picture svg text")


async def _overview(page: Any, url: str) -> float:
    return await _opened(page, url, ".grid table tbody tr")


async def _opened(page: Any, address: str, drawn: str) -> float:
    began_s = time.perf_counter()
    await page.goto(address, wait_until="commit")
    await page.wait_for_selector(drawn)
    return time.perf_counter() - began_s


async def _click_to_chart(page: Any, url: str) -> float:
    """Of somebody who has seen a brand's page before: its scripts are there."""
    await _overview(page, url)
    await page.locator(".grid table tbody tr a").first.click()
    await page.wait_for_url("**/brands/*", wait_until="commit")
    await page.evaluate(_CHART)
    await _overview(page, url)
    await page.wait_for_load_state("load")
    began_s = time.perf_counter()
    await page.locator(".grid table tbody tr a").first.click()
    await page.wait_for_url("**/brands/*", wait_until="commit")
    await page.evaluate(_CHART)
    return time.perf_counter() - began_s


WAITS: dict[str, Waited] = {
    "wall first drawn": _wall,
    "overview first drawn": _overview,
    "click on a brand to its chart": _click_to_chart,
}


async def _all_are_known(page: Any, url: str, brands: int) -> None:
    """Return when the center has read every definition."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        answer = await page.request.get(f"{url}/api/health")
        found = await page.request.get(f"{url}/api/brands/b{brands - 1}")
        if answer.ok and found.ok:
            return
        await asyncio.sleep(0.5)
    raise RuntimeError(f"the center does not know b{brands - 1} after {PATIENCE_S} s")


async def _measure(folder: Path, settings: Settings, brands: int, times: int) -> None:
    from playwright.async_api import async_playwright  # noqa: PLC0415 - of development alone

    async with running_center(folder, settings, brands) as center, async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        page = await browser.new_page()
        await _all_are_known(page, center.url, brands)
        print(f"{brands:,} brands, {times} times each   median   slowest")
        for name, wait in WAITS.items():
            took_ms = []
            for _ in range(times):
                context = await browser.new_context()
                took_ms.append(1000 * await wait(await context.new_page(), center.url))
                await context.close()
            print(f"{name:30} {median(took_ms):7.0f} ms {max(took_ms):6.0f} ms", flush=True)
        await browser.close()


def main() -> None:
    """Run it and tell."""
    parser = argparse.ArgumentParser(prog="bench page_waits", description=__doc__)
    parser.add_argument("--brands", type=int, default=50_000)
    parser.add_argument("--times", type=int, default=20)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, EmbeddedBroker.start() as broker:
        settings = Settings(broker=broker.address, partitions=1, replication=1)
        asyncio.run(_measure(Path(folder), settings, arguments.brands, arguments.times))


if __name__ == "__main__":
    main()
