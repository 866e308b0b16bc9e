"""How many posts a second one process of a live feed takes, on one core.

    python -m bench feeds [--posts 400000] [--uncompressed]

A local server sends frames of version 2 of Jetstream as fast as they are read, as a process of its
own; they are made, and compressed with a trained dictionary, before the clock starts. `leimo feed
jetstream` writes them to an Apache Kafka. The rate counts from the first post in `posts.raw` to the
last; CPU time is that of the feed's process alone.
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
_DICTIONARY_ID = 20_260_811
_CHUNK = 500
_DEADLINE_S = 600


def main() -> None:
    """Measure, and print one line."""
    parser = argparse.ArgumentParser(prog="python -m bench feeds", description=__doc__)
    parser.add_argument("--posts", type=int, default=400_000)
    parser.add_argument("--uncompressed", action="store_true")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        asyncio.run(_serve(given.serve, given.posts, is_packed=not given.uncompressed))
    else:
        asyncio.run(_measure(given.posts, is_packed=not given.uncompressed))


async def _measure(posts: int, *, is_packed: bool) -> None:
    port = free_port()
    options = [] if is_packed else ["--uncompressed"]
    server = [sys.executable, "-m", "bench", "feeds", "--serve", str(port), "--posts", str(posts)]
    async with ApacheKafka.start(quick=False) as broker:
        settings = Settings.load(broker=broker.address)
        await apply_topics(settings)
        with _process([*server, *options]) as serving:
            await _until_listening(port, serving)
            feed = [
                *(sys.executable, "-m", "leimo", "feed", "jetstream", "--quiet"),
                *("--endpoint", f"ws://127.0.0.1:{port}", "--broker", broker.address),
                *([] if is_packed else ["--no-compress"]),
            ]
            with _process(feed) as feeding:
                first_s, last_s, cpu_s = await _watched(settings, posts, feeding)
                peak = peak_mib(feeding)
    rate, of_core = (posts - 1) / (last_s - first_s), cpu_s / (last_s - first_s)
    print(
        f"jetstream, {'zstd' if is_packed else 'plain'}: {posts:,} posts, {rate:,.0f} posts/s, "
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
    environment = {**os.environ, "LEIMO_LOG_LEVEL": "ERROR"}
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
        writer.write(_upgraded(head))
        await asyncio.sleep(0.5)
        for chunk in frames:
            writer.write(chunk)
            await writer.drain()
        await reader.read()

    async with await asyncio.start_server(handle, "127.0.0.1", port) as server:
        await server.serve_forever()


def _upgraded(head: bytes) -> bytes:
    headers = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
    key = {name.lower(): value for name, value in headers.items()}[b"sec-websocket-key"]
    accept = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: xrpc.v1.json\r\n\r\n" % accept
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
