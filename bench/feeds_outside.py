"""Posts a second through `leimo feed push` and `leimo feed follow`, one process of each.

    python -m bench outside [--count 200000] [--batch 1000] [--clients 4]

On one Apache Kafka (the embedded broker where there is none). Clients send batches one after
another, each in a process of its own beside the server; every post is acknowledged by the broker.
"""

import argparse
import asyncio
import gzip
import multiprocessing
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.posts import posts_for
from bench.runs import ROOT, cpu_s_of, empty_broker
from kafka_io.brokers import ApacheKafka, BrokerMissing, EmbeddedBroker, free_port
from kafka_io.topic_admin import apply_topics

_POSTS = ROOT.parent / "shared" / "data" / "stream/weibo_statuses.ndjson.gz"


def _client(port: int, bodies: list[bytes], headers: dict[str, str]) -> None:
    for body in bodies:
        url = f"http://127.0.0.1:{port}/posts?source=weibo"
        request = urllib.request.Request(url, body, headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert answer.status == 200


def push(posts: list[bytes], broker: str, batch: int, clients: int, *, is_packed: bool) -> str:
    """Measure the server; the line of the report."""
    headers = {"Content-Type": "application/x-ndjson"}
    pack: Callable[[bytes], bytes] = bytes
    if is_packed:
        headers["Content-Encoding"] = "gzip"
        pack = lambda body: gzip.compress(body, 1)  # noqa: E731
    bodies = [
        pack(b"\n".join(posts[first : first + batch])) for first in range(0, len(posts), batch)
    ]
    port = free_port()
    command = [
        *(sys.executable, "-m", "leimo", "feed", "push", "--quiet", "--broker", broker),
        *("--listen", f"127.0.0.1:{port}"),
    ]
    with subprocess.Popen(command, cwd=ROOT) as server, _terminated(server):
        _wait_for(port)
        workers = [
            multiprocessing.Process(target=_client, args=(port, bodies[each::clients], headers))
            for each in range(clients)
        ]
        started_s, cpu_s = time.perf_counter(), cpu_s_of([server])
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        took_s, cpu_s = time.perf_counter() - started_s, cpu_s_of([server]) - cpu_s
    if any(worker.exitcode for worker in workers):
        raise RuntimeError("a client failed: the figure would be of fewer posts")
    packed = ", gzip" if is_packed else ""
    return (
        f"push, {clients} clients, {batch} posts a request{packed}: "
        f"{len(posts) / took_s:,.0f} posts/s, {cpu_s / len(posts) * 1e6:.1f} µs of CPU a post"
    )


@contextmanager
def _terminated(server: "subprocess.Popen[bytes]") -> Iterator[None]:
    try:
        yield
    finally:
        server.terminate()


def _wait_for(port: int) -> None:
    deadline_s = time.monotonic() + 30
    while time.monotonic() < deadline_s:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the server did not come up within 30 s")


def follow(posts: list[bytes], broker: str) -> str:
    """Measure the reading of one file, start of the process included."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "posts")
        file.write_bytes(b"\n".join(posts) + b"\n")
        command = [
            *(sys.executable, "-m", "leimo", "feed", "follow", str(file), "--once", "--quiet"),
            *("--broker", broker, "--positions", str(Path(folder, "positions"))),
        ]
        started_s = time.perf_counter()
        subprocess.run(command, cwd=ROOT, check=True)
        took_s = time.perf_counter() - started_s
    return f"follow, one file: {len(posts) / took_s:,.0f} posts/s, start included"


def measure(options: argparse.Namespace, broker: str) -> None:
    """Print a line for each way."""

    async def prepare() -> None:
        await apply_topics(await empty_broker(broker))

    posts = posts_for(options.posts, options.count)
    for is_packed in (False, True):
        asyncio.run(prepare())
        print(push(posts, broker, options.batch, options.clients, is_packed=is_packed), flush=True)
    asyncio.run(prepare())
    print(push(posts[: len(posts) // 20], broker, 1, options.clients, is_packed=False), flush=True)
    asyncio.run(prepare())
    print(follow(posts, broker), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench outside", description=__doc__)
    parser.add_argument("--posts", type=Path, default=_POSTS, help="NDJSON of Weibo statuses")
    parser.add_argument("--count", type=int, default=200_000, help="posts of each run")
    parser.add_argument("--batch", type=int, default=1_000, help="posts of a request")
    parser.add_argument("--clients", type=int, default=4)
    options = parser.parse_args()
    try:
        with ApacheKafka.start(quick=False) as broker:
            measure(options, broker.address)
    except BrokerMissing as missing:
        print(f"{missing}\nusing the embedded broker instead", file=sys.stderr)
        with EmbeddedBroker.start() as embedded:
            measure(options, embedded.address)
