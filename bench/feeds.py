"""How many posts a second one process of a live feed takes, on one core.

    python -m bench feeds [jetstream] [mastodon] [--posts 400000] [--uncompressed]

A local server sends frames of version 2 of Jetstream, or events of Mastodon's WebSocket, as fast as
they are read, as a process of its own; they are made, and those of Jetstream compressed with a
trained dictionary, before the clock starts. `leimo feed` writes them to an Apache Kafka. The rate
counts from the first post in `posts.raw` to the last; CPU time is that of the feed's process alone.
"""

import argparse
import asyncio
import base64
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import zstandard
from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.runs import ROOT, cpu_s_of, peak_mib
from kafka_io.brokers import ApacheKafka, free_port
from kafka_io.clients import client_options
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from schemas.topics import POSTS_RAW

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_FIRST = datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)
_KINDS = 5_000
"""Different texts."""
_TOOTS = 20_000
"""Different statuses of Mastodon."""
_DICTIONARY_ID = 20_260_811
_CHUNK = 500
_DEADLINE_S = 600


def main() -> None:
    """Measure, and print a line for each source."""
    parser = argparse.ArgumentParser(prog="python -m bench feeds", description=__doc__)
    parser.add_argument("sources", nargs="*", help="jetstream, mastodon; both if none is named")
    parser.add_argument("--posts", type=int, default=400_000)
    parser.add_argument("--uncompressed", action="store_true")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    is_packed = not given.uncompressed
    sources = given.sources or list(_SOURCES)
    if unknown := set(sources) - set(_SOURCES):
        parser.error(f"{', '.join(sorted(unknown))}: name some of {', '.join(_SOURCES)}")
    if given.serve:
        work = _serve_mastodon if sources == ["mastodon"] else _serve
        asyncio.run(work(given.serve, given.posts, is_packed=is_packed))
        return
    for source in sources:
        asyncio.run(_measure(source, given.posts, is_packed=is_packed))


async def _measure(source: str, posts: int, *, is_packed: bool) -> None:
    port = free_port()
    options = [source] if is_packed else [source, "--uncompressed"]
    server = [sys.executable, "-m", "bench", "feeds", "--serve", str(port), "--posts", str(posts)]
    async with ApacheKafka.start(quick=False) as broker:
        settings = Settings.load(broker=broker.address)
        await apply_topics(settings)
        with _process([*server, *options]) as serving:
            await _until_listening(port, serving)
            if source == "mastodon":
                at = ["--server", f"http://127.0.0.1:{port}"]
            else:
                at = ["--endpoint", f"ws://127.0.0.1:{port}"]
                at += [] if is_packed else ["--no-compress"]
            feed = [sys.executable, "-m", "leimo", "feed", source, "--quiet", *at]
            feed += ["--broker", broker.address]
            with _process(feed) as feeding:
                first_s, last_s, cpu_s = await _watched(settings, posts, feeding)
                peak = peak_mib(feeding)
    rate, of_core = (posts - 1) / (last_s - first_s), cpu_s / (last_s - first_s)
    how = "WebSocket" if source == "mastodon" else "zstd" if is_packed else "plain"
    print(
        f"{source}, {how}: {posts:,} posts, {rate:,.0f} posts/s, "
        f"{of_core:.2f} of a core, {posts / cpu_s:,.0f} posts per CPU second, {peak:,.0f} MiB"
    )


async def _watched(
    settings: Settings, posts: int, feeding: subprocess.Popen[bytes]
) -> tuple[float, float, float]:
    """When the first and the last post stood in `posts.raw`, and the CPU time between."""
    consumer = AIOKafkaConsumer(**client_options(settings), group_id=None)
    partitions = [TopicPartition(POSTS_RAW.name, at) for at in range(settings.partitions)]
    deadline = time.monotonic() + _DEADLINE_S
    first_s = cpu_s = 0.0
    async with consumer:
        while True:
            there = sum((await consumer.end_offsets(partitions)).values())
            now_s = time.monotonic()
            if there and not first_s:
                first_s, cpu_s = now_s, cpu_s_of([feeding])
            if there >= posts:
                return first_s, now_s, cpu_s_of([feeding]) - cpu_s
            if feeding.poll() is not None or now_s > deadline:
                raise SystemExit(f"the feed came to {there:,} of {posts:,} posts")
            await asyncio.sleep(0.02)


@contextmanager
def _process(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "LEIMO_LOG_LEVEL": "ERROR", "MASTODON_TOKEN": "of-the-benchmark"}
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


async def _until_listening(port: int, serving: subprocess.Popen[bytes]) -> None:
    while serving.poll() is None:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return
    raise SystemExit("the server of the benchmark ended")


async def _serve(port: int, posts: int, *, is_packed: bool) -> None:
    """Send frames to whoever connects, by a plain loop: it is not what is measured."""
    samples: list[bytes | bytearray | memoryview] = [_text(number) for number in range(_KINDS)]
    dictionary = zstandard.train_dictionary(16_384, samples, dict_id=_DICTIONARY_ID)
    packer = zstandard.ZstdCompressor(dict_data=dictionary, level=1)
    frames = []
    for start in range(0, posts, _CHUNK):
        texts = [_text(number) for number in range(start, min(start + _CHUNK, posts))]
        if is_packed:
            frames.append(b"".join([_frame(packer.compress(text), 0x82) for text in texts]))
        else:
            frames.append(b"".join([_frame(text, 0x81) for text in texts]))

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            writer.close()
            return
        if b"getZstdDictionary" in head:
            body = dictionary.as_bytes()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()
            writer.close()
            return
        await _send(reader, writer, _upgraded(head, b"xrpc.v1.json"), frames)

    async with await asyncio.start_server(handle, "127.0.0.1", port) as server:
        await server.serve_forever()


async def _serve_mastodon(port: int, posts: int, *, is_packed: bool) -> None:
    """The same of Mastodon, whose WebSocket is not compressed."""
    del is_packed
    made = [
        b"".join([_frame(_toot(number), 0x81) for number in range(start, start + _CHUNK)])
        for start in range(0, min(posts, _TOOTS), _CHUNK)
    ]
    # Over and over: they are long, and a feed does not look for repeats.
    frames = [made[at % len(made)] for at in range(posts // _CHUNK)]
    streaming = {"configuration": {"urls": {"streaming": f"ws://127.0.0.1:{port}"}}}
    instance = json.dumps({"domain": "here.example", **streaming}).encode()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            writer.close()
            return
        if b"/api/v2/instance" in head:
            said = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
            writer.write(said + b"Content-Length: %d\r\n\r\n" % len(instance) + instance)
            await writer.drain()
            writer.close()
            return
        await _send(reader, writer, _upgraded(head, b""), frames)

    async with await asyncio.start_server(handle, "127.0.0.1", port) as server:
        await server.serve_forever()


_SOURCES = ("jetstream", "mastodon")


async def _send(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    head: bytes,
    frames: list[bytes],
) -> None:
    writer.write(head)
    await asyncio.sleep(0.5)
    for chunk in frames:
        writer.write(chunk)
        await writer.drain()
    await reader.read()


def _upgraded(head: bytes, protocol: bytes) -> bytes:
    headers = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
    key = {name.lower(): value for name, value in headers.items()}[b"sec-websocket-key"]
    accept = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
    agreed = b"Sec-WebSocket-Protocol: %s\r\n" % protocol if protocol else b""
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: %s\r\n%s\r\n" % (accept, agreed)
    )


def _frame(body: bytes, opcode: int) -> bytes:
    size = len(body)
    head = bytes([opcode, size]) if size < 126 else bytes([opcode, 126]) + size.to_bytes(2, "big")
    return head + body


def _text(number: int) -> bytes:
    """A frame about as long as those of Bluesky, which are half a kilobyte on the mean."""
    time_ = (_FIRST + timedelta(milliseconds=5 * number)).isoformat(timespec="microseconds")
    time_ = time_.replace("+00:00", "Z")
    words = hashlib.sha256(str(number).encode()).hexdigest()
    text = f"今天试了新手机，{words[:20]} 拍照真好用，比上一代强多了。{words[20:40]} #数码 #手机"
    record = {
        "$type": "app.bsky.feed.post", "createdAt": time_, "langs": ["zh"], "text": text,
        "reply": {"root": {"cid": f"bafyrei{words[:52]}", "uri": f"at://did:plc:{words[:24]}/x/y"}},
    }  # fmt: skip
    payload = {
        "$type": "network.bsky.jetstream.subscribeEvents#commit", "seq": number + 1,
        "did": f"did:plc:{words[:24]}", "time": time_, "witnessedAt": time_, "rev": words[:13],
        "operation": "create", "collection": "app.bsky.feed.post", "rkey": words[:13],
        "record": record, "cid": f"bafyrei{words[:52]}",
    }  # fmt: skip
    return json.dumps({"$type": "message", "payload": payload}, ensure_ascii=False).encode()


def _toot(number: int) -> bytes:
    """An event about as long as those of Mastodon, whose statuses carry their whole account."""
    at = _FIRST + timedelta(milliseconds=5 * number)
    words = hashlib.sha256(str(number).encode()).hexdigest()
    created = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    account = {
        "id": words[:18], "username": words[:12], "acct": f"{words[:12]}@{words[12:20]}.example",
        "display_name": words[:9], "locked": False, "bot": False, "discoverable": True,
        "created_at": created, "note": f"<p>{words * 4}</p>", "url": f"https://{words}.example/@a",
        "avatar": f"https://files.example/{words}/original/{words}.png",
        "header": f"https://files.example/{words}/headers/{words}.png",
        "followers_count": number % 9_000, "following_count": 7, "statuses_count": 70,
        "emojis": [], "fields": [{"name": "x", "value": words, "verified_at": None}],
    }  # fmt: skip
    status = {
        "id": str((int(at.timestamp() * 1_000) << 16) + number % 65_536), "created_at": created,
        "in_reply_to_id": None, "sensitive": False, "spoiler_text": "", "visibility": "public",
        "language": "zh", "uri": f"https://{words[12:20]}.example/users/{words[:12]}/{number}",
        "url": f"https://{words[12:20]}.example/@{words[:12]}/{number}", "replies_count": 0,
        "reblogs_count": 0, "favourites_count": 0, "edited_at": None,
        "content": f"<p>今天试了新手机，{words[:20]} 拍照真好用，比上一代强多了。</p>",
        "reblog": None, "account": account, "media_attachments": [], "mentions": [],
        "tags": [{"name": "数码", "url": "https://files.example/tags/x"}], "card": None,
    }  # fmt: skip
    envelope = {"stream": ["public"], "event": "update", "payload": json.dumps(status)}
    return json.dumps(envelope).encode()
