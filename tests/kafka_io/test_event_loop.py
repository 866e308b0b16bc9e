"""The loop of commands ends TLS connections that wait for a goodbye, and hides no leak."""

import asyncio
import gc
import logging
import socket
import ssl
import threading
import warnings
import weakref
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import ClassVar, NamedTuple

import pytest
import trustme
import uvloop

from kafka_io.brokers import HOST
from kafka_io.diagnosis import why_unreachable
from kafka_io.event_loop import Loop
from kafka_io.settings import Settings
from leimo.run import run

DEADLINE_S = 30
_UVLOOP_WAITS_S = 30


class Peer(NamedTuple):
    """Speaks TLS, and never answers a close."""

    port: int
    trusting: ssl.SSLContext
    has_shaken_hands: threading.Event
    has_read_the_end: threading.Event
    """Somebody said that nothing more comes, and then hung up."""

    async def connection(self) -> asyncio.StreamWriter:
        return (await asyncio.open_connection(HOST, self.port, ssl=self.trusting))[1]


@pytest.fixture(scope="module")
def certified() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Of the server, and of clients that trust it."""
    authority = trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(HOST).configure_cert(server)
    # Tickets that come when nobody reads any more make the client's kernel reset the connection,
    # and the peer would see no end of it.
    server.num_tickets = 0
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return server, client


@pytest.fixture
def peer(certified: tuple[ssl.SSLContext, ssl.SSLContext]) -> Iterator[Peer]:
    with_certificate, trusting = certified
    has_shaken_hands, has_read_the_end, over = (threading.Event() for _ in range(3))

    def serve(link: socket.socket) -> None:
        link.settimeout(DEADLINE_S)
        with link, suppress(OSError):  # no TLS at all, or a connection that was torn
            with_tls = with_certificate.wrap_socket(link, server_side=True)
            has_shaken_hands.set()
            with with_tls:
                if with_tls.recv(1 << 16) == b"":  # it says goodbye, and gets none
                    while socket.socket.recv(with_tls, 1 << 16):
                        pass
                    has_read_the_end.set()
                over.wait(DEADLINE_S)

    def accept() -> None:
        with suppress(OSError):
            while True:
                link = listening.accept()[0]
                if over.is_set():
                    return link.close()
                serving.append(threading.Thread(target=serve, args=[link]))
                serving[-1].start()

    serving: list[threading.Thread] = []
    with socket.create_server((HOST, 0)) as listening:
        port = listening.getsockname()[1]
        accepting = threading.Thread(target=accept)
        accepting.start()
        yield Peer(port, trusting, has_shaken_hands, has_read_the_end)
        over.set()
        socket.create_connection((HOST, port)).close()
        for thread in (accepting, *serving):
            thread.join(DEADLINE_S)
            assert not thread.is_alive()


@contextmanager
def resource_warnings() -> Iterator[list[str]]:
    """What is told of resources until the end of the block, when it is read."""
    told: list[str] = []
    gc.collect()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        yield told
        gc.collect()
        told += [str(warning.message) for warning in caught]


def run_on(new_loop: Callable[[], asyncio.AbstractEventLoop], work: Awaitable[None]) -> None:
    async def to_the_end() -> None:
        await work

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(to_the_end())


async def close_at_once(peer: Peer) -> None:
    (await peer.connection()).close()


def test_the_peer_leaves_nothing_unread(peer: Peer) -> None:
    """Else it would now and then be told of a reset connection instead of its end."""
    link = socket.create_connection((HOST, peer.port), DEADLINE_S)
    with peer.trusting.wrap_socket(link, server_hostname=HOST) as with_tls:
        assert peer.has_shaken_hands.wait(DEADLINE_S)
        with_tls.settimeout(0)
        with pytest.raises(BlockingIOError):
            socket.socket.recv(with_tls, 1 << 16)


def test_a_connection_whose_goodbye_is_not_answered_ends_with_the_loop(
    peer: Peer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), resource_warnings() as told:
        run_on(Loop, close_at_once(peer))

    assert told == []
    assert caplog.records == []
    assert peer.has_read_the_end.wait(DEADLINE_S)


def test_uvloop_alone_leaves_it_open(peer: Peer) -> None:
    """Else nothing here would need a loop of our own."""
    with resource_warnings() as told:
        run_on(uvloop.new_event_loop, close_at_once(peer))

    assert "TCPTransport" in " ".join(told)


def test_each_of_many_connections_is_ended(peer: Peer) -> None:
    async def several() -> None:
        for _ in range(5):
            await close_at_once(peer)

    with resource_warnings() as told:
        run_on(Loop, several())

    assert told == []


def test_who_waits_to_be_told_that_a_connection_is_lost_is_told(peer: Peer) -> None:
    """aiokafka's clients wait for it."""

    class Told(asyncio.Protocol):
        causes: ClassVar[list[Exception | None]] = []

        def connection_lost(self, exc: Exception | None) -> None:
            self.causes.append(exc)

    async def close() -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(Told, HOST, peer.port, ssl=peer.trusting)
        transport.close()

    run_on(Loop, close())

    assert Told.causes == [None]


def test_nobody_waits_for_a_goodbye_for_as_long_as_uvloop_would(peer: Peer) -> None:
    """A worker that took partitions over waited for 30 s, now and then."""

    async def close_and_wait() -> None:
        writer = await peer.connection()
        writer.close()
        async with asyncio.timeout(_UVLOOP_WAITS_S / 2):
            with pytest.raises(TimeoutError, match="shutdown"):
                await writer.wait_closed()

    run_on(Loop, close_and_wait())

    assert peer.has_read_the_end.wait(DEADLINE_S)


def test_a_connection_that_nobody_closed_is_still_told(peer: Peer) -> None:
    kept: list[asyncio.StreamWriter] = []

    async def forget() -> None:
        kept.append(await peer.connection())

    with resource_warnings() as told:
        run_on(Loop, forget())

    assert "TCPTransport" in " ".join(told)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        kept.clear()
        gc.collect()


def test_connections_that_are_gone_are_forgotten(peer: Peer) -> None:
    """A worker connects anew for weeks."""

    async def reconnect() -> None:
        sessions = []
        for _ in range(3):
            writer = await peer.connection()
            sessions.append(weakref.ref(writer.get_extra_info("ssl_object")))
            writer.transport.abort()
            await writer.wait_closed()
            del writer
        gc.collect()
        assert [session() for session in sessions[:-1]] == [None, None]

    run_on(Loop, reconnect())


def test_a_loop_may_be_closed_again_but_not_while_it_runs() -> None:
    loop = Loop()

    async def close_inside() -> None:
        with pytest.raises(RuntimeError, match="running"):
            loop.close()

    loop.run_until_complete(close_inside())
    loop.close()
    loop.close()

    assert loop.is_closed()


def test_commands_and_threads_under_them_run_on_it() -> None:
    """Faust's consumer has a thread, which makes a loop of its own."""

    async def kinds() -> set[type]:
        def of_a_thread() -> type:
            loop = asyncio.new_event_loop()
            loop.close()
            return type(loop)

        return {type(asyncio.get_running_loop()), await asyncio.to_thread(of_a_thread)}

    assert run(kinds(), Settings()) == {Loop}


def test_a_diagnosis_leaves_no_connection_open(peer: Peer) -> None:
    """It speaks TLS with the peer just to see that it can, and is done."""
    settings = Settings(broker=f"{HOST}:{peer.port}")
    with resource_warnings() as told:
        message = run(why_unreachable(settings), settings)

    assert "speaks TLS: set LEIMO_SECURITY_PROTOCOL=SSL" in message
    assert told == []
