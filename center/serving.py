"""`leimo center`: one process that follows the topics, keeps the store, and answers."""

import asyncio
import contextlib
import logging
import os
import socket
import time
from collections.abc import Iterator, Sequence

import uvicorn

from center.access.access import Access, AccessOptions
from center.access.oidc import Oidc, OidcOptions
from center.api.stream import Hub
from center.app import create_app
from center.archive.archiver import Archiver
from center.archive.files import Archive
from center.archive.restoring import restore, tell
from center.board import Board
from center.context import Center
from center.ingest.reading import Ingest
from center.ingest.writing import KafkaTopics
from center.metrics import CenterMetrics
from center.pages.mount import vouched_for, with_pages
from center.store.opening import SqlStore, open_store
from center.store.protocol import Offsets, Record
from center.version import VERSION
from kafka_io.settings import Settings
from kafka_io.stop_signals import stop_on_signals
from schemas.errors import OperatorError

log = logging.getLogger(__name__)

_LAST_ANSWERS_S = 3
_BACKLOG = 1024


class CenterError(OperatorError):
    """It cannot start; the message names the mend."""


class _Server(uvicorn.Server):
    """Leaves signals to us: the store and the topics are to be closed after it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def now_ms() -> int:
    """The clock."""
    return time.time_ns() // 1_000_000


def bound(address: str) -> socket.socket:
    """A listening socket.

    Raises:
        CenterError: somebody else listens there, or the host is not of this machine.
    """
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, int(port)), family=family, backlog=_BACKLOG)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else error
        raise CenterError(
            f"center_address={address}: {reason}; name another with --port or LEIMO_CENTER_ADDRESS"
        ) from None


def access_of(settings: Settings) -> Access:
    """Who is let in, as the settings say.

    Raises:
        AccessError: others could reach the center, and nobody would be asked who they are.
    """
    return Access(
        AccessOptions(
            address=settings.center_address,
            users_file=settings.center_users_file,
            proxy_header=settings.center_proxy_header,
            proxy_networks=settings.center_proxy_networks,
            session_key=settings.center_session_key.get_secret_value().encode(),
        )
    )


def oidc_of(settings: Settings, access: Access) -> Oidc | None:
    """The login through a provider, where the settings name one.

    Raises:
        AccessError: what it needs is not set.
    """
    if not settings.center_oidc_issuer:
        return None
    return Oidc(
        OidcOptions(
            issuer=settings.center_oidc_issuer,
            client_id=settings.center_oidc_client_id,
            client_secret=settings.center_oidc_client_secret,
            claim=settings.center_oidc_claim,
            center_url=settings.center_url,
        ),
        access,
    )


async def serve(settings: Settings, *, is_rebuilt: bool = False) -> None:
    """Follow the topics and answer until SIGINT or SIGTERM.

    Raises:
        CenterError, AccessError, TopicError: it cannot start.
    """
    access = access_of(settings)
    oidc = oidc_of(settings, access)
    listening = bound(settings.center_address)
    with contextlib.closing(listening):
        store = await asyncio.to_thread(
            open_store,
            settings.center_store.get_secret_value(),
            mentions_days=settings.center_mentions_days,
            minutes_days=settings.center_minutes_days,
        )
        with contextlib.closing(store):
            archive = Archive(settings.center_archive) if settings.center_archive else None
            await asyncio.to_thread(_make_again, store, archive, is_rebuilt)
            await _follow_and_answer(settings, (store, archive), (access, oidc), listening)


def _make_again(store: SqlStore, archive: Archive | None, is_rebuilt: bool) -> None:
    """Before the topics: what was asked for, or what a new or half restored store lacks."""
    if is_rebuilt:
        store.rebuild()
    if archive is not None and (store.is_new() or store.is_restoring()):
        log.info("reading the archive; the pages are there when it is read")
        tell(restore(archive, store, now_ms()))


async def _follow_and_answer(
    settings: Settings,
    kept: tuple[SqlStore, Archive | None],
    way_in: tuple[Access, Oidc | None],
    listening: socket.socket,
) -> None:
    store, archive = kept
    metrics = CenterMetrics()
    hub = Hub(await asyncio.to_thread(store.offsets))

    def on_applied(records: Sequence[Record], positions: Offsets, is_near: bool) -> None:
        hub.publish(records, positions, is_near)

    topics = KafkaTopics(settings)
    async with Ingest(settings, store, on_applied) as ingest:
        await topics.start()
        try:
            center = Center(
                store=store,
                settings=settings,
                topics=topics,
                clock_ms=now_ms,
                hub=hub,
                board=Board(store),
                authenticate=vouched_for,
                metrics=metrics,
            )
            archiver = (
                archive
                if archive is None
                else Archiver(
                    archive,
                    store,
                    ingest.write,
                    metrics,
                    days=settings.center_archive_days,
                )
            )
            await _run(center, way_in, (ingest, archiver), listening)
        finally:
            await topics.stop()


async def _run(
    center: Center,
    way_in: tuple[Access, Oidc | None],
    follows: tuple[Ingest, Archiver | None],
    listening: socket.socket,
) -> None:
    config = uvicorn.Config(
        with_pages(create_app(center), *way_in),
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_LAST_ANSWERS_S,
    )
    server = _Server(config)
    stop = stop_on_signals()
    host, port = listening.getsockname()[:2]
    log.info("leimo %s: the center is at http://%s:%d/", VERSION, host, port)
    ingest, archiver = follows
    serving = asyncio.create_task(server.serve(sockets=[listening]), name="the server")
    following = [asyncio.create_task(ingest.run(), name="the ingest")]
    if archiver is not None:
        archiving = archiver.run(now_ms, ingest.is_near)
        following.append(asyncio.create_task(archiving, name="the archive"))
    works = [*following, serving]
    waiting = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([*works, waiting], return_when=asyncio.FIRST_COMPLETED)
    finally:
        center.hub.close()
        server.should_exit = True
        for work in following:
            work.cancel()
        waiting.cancel()
        results = await asyncio.gather(*works, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
            raise result
