"""Mail, taken by a real SMTP server."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

import msgspec
import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from delivery.endpoints import EndpointError
from delivery.figures import Figures
from delivery.mail import recipients_of, server_of
from kafka_io.batches import Row
from kafka_io.brokers import Broker
from kafka_io.partitions import partition_for
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from schemas.alert import Sample
from schemas.catalogue import ReceivingChannel
from schemas.delivery import Outcome, Reason
from schemas.topics import WINDOWS
from tests.delivery.alerts import HOSTILE, NOON_MS, alert, resolved, subscriber
from tests.delivery.desk import QuickClock, desk
from tests.delivery.test_digests import minute
from tests.kafka_io.broker_log import append

USER, PASSWORD = "leimo@a.cn", "p@ss/word:1"


class Box:
    """Keeps what comes in; answers as it is told."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.to: list[list[str]] = []
        self.answers: list[str] = []

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: Any, session: Session, envelope: Envelope
    ) -> str:
        if self.answers:
            return self.answers.pop(0)
        assert isinstance(envelope.content, bytes)
        mail = BytesParser(EmailMessage, policy=policy.default).parsebytes(envelope.content)
        self.mails.append(mail)
        self.to.append(list(envelope.rcpt_tos))
        return "250 OK"


def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()))


@asynccontextmanager
async def mailbox(
    *, ssl_context: ssl.SSLContext | None = None, **options: Any
) -> AsyncIterator[tuple[Box, int]]:
    """An SMTP server and its port."""
    box = Box()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(box, loop=loop, **options), "127.0.0.1", 0, ssl=ssl_context
    )
    async with server:
        yield box, server.sockets[0].getsockname()[1]


@pytest.fixture
def certificates() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    authority = trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return server, client


def settings(url: str) -> Settings:
    return Settings.load(smtp_url=url, mail_from="leimo <leimo@a.cn>")


def who(**changes: Any) -> Any:
    return subscriber(ReceivingChannel.EMAIL, **changes)


async def test_all_about_an_alert_is_one_thread_and_html_is_harmless(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SUBSCRIBER_OPS_URL", "a@b.cn, c@d.cn")
    post = Sample("1", "weibo", HOSTILE, HOSTILE, 9, 0, NOON_MS)
    async with (
        mailbox() as (box, port),
        desk(who(), settings=settings(f"smtp://127.0.0.1:{port}")) as one,
    ):
        await one.tell(alert(samples=(post,), brand=HOSTILE, severity=9))
        await one.tell(resolved(brand=HOSTILE))
    first, last = box.mails
    assert box.to == [["a@b.cn", "c@d.cn"]] * 2
    assert last["In-Reply-To"] == last["References"] == first["Message-ID"]
    assert first["Message-ID"] != last["Message-ID"]
    assert (first["From"], first["Importance"]) == ("leimo <leimo@a.cn>", "high")
    assert "声量激增" in first["Subject"]
    assert first["Date"]
    page = first.get_body(("html",))
    plain = first.get_body(("plain",))
    assert page is not None
    assert plain is not None
    html = page.get_content()
    assert "<b>x</b>" not in html
    assert "&lt;b&gt;x&lt;/b&gt;" in html
    assert "<script" not in html
    assert "<b>x</b>" in plain.get_content()
    assert "\x1b" not in html + plain.get_content()
    assert len(one.written.latest) == 1


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
async def test_passwords_go_by_tls_to_a_server_that_is_verified(
    scheme: str,
    monkeypatch: pytest.MonkeyPatch,
    certificates: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    monkeypatch.setenv("SUBSCRIBER_OPS_URL", "a@b.cn")
    server, client = certificates
    options: dict[str, Any] = {"authenticator": authenticate}
    if scheme == "smtps":
        options |= {"ssl_context": server, "auth_require_tls": False}
    else:
        options |= {"tls_context": server, "require_starttls": True, "auth_required": True}
    async with mailbox(**options) as (box, port):
        given = settings(f"{scheme}://leimo%40a.cn:p%40ss%2Fword%3A1@localhost:{port}")
        async with desk(who(), settings=given, mail_tls=client) as one:
            await one.tell(alert())
        async with desk(who(), settings=given) as strange:  # trusts nobody of ours
            await strange.take_in(alert())
            delivery, _ = strange.receiver._next(NOON_MS * 2)
            assert delivery is not None
            await strange.receiver._send(delivery, NOON_MS * 2)
    assert len(box.mails) == 1
    assert [held.outcome for held in one.written.latest.values()] == [Outcome.SENT]
    [held] = strange.written.latest.values()
    assert held.attempts[-1].reason is Reason.MISCONFIGURED
    assert PASSWORD not in repr(held)


async def test_what_may_pass_is_tried_again_and_what_is_refused_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SUBSCRIBER_OPS_URL", "a@b.cn")
    async with mailbox() as (box, port):
        box.answers = ["451 later", "452 full", "250 OK"]
        given = settings(f"smtp://127.0.0.1:{port}")
        async with desk(who(), settings=given, clock=QuickClock(100)) as one:
            await one.tell(alert(1))
            box.answers = ["554 spam"]
            await one.tell(alert(2))
    first, second = (one.written.latest[alert(n).id] for n in (1, 2))
    assert [a.status for a in first.attempts] == [451, 452, 250]
    assert (first.outcome, second.outcome) == (Outcome.SENT, Outcome.DEAD)
    assert second.attempts[-1].detail == "spam"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "set LEIMO_SMTP_URL"),
        ("http://a.cn", "begins with none of smtps://"),
        ("smtp://u:hidden@a.cn", "would send the password unencrypted"),
        ("smtps://u:hidden@a.cn:x", "is no address of a server"),
    ],
)
def test_a_server_that_is_none_is_told_without_its_password(url: str, message: str) -> None:
    with pytest.raises(EndpointError, match=message) as told:
        server_of(url)
    assert "hidden" not in str(told.value)


@pytest.mark.parametrize(
    "address",
    ["", "a", "a@", "@b.cn", "a@b.cn\nBcc: x@y.cn", "<a@b.cn>", ",".join(["a@b.cn"] * 51)],
)
def test_addresses_that_are_none_are_refused(address: str) -> None:
    with pytest.raises(EndpointError):
        recipients_of(address)


@pytest.mark.embedded
async def test_a_mail_has_a_picture_of_the_last_hours(
    embedded_broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUBSCRIBER_OPS_URL", "a@b.cn")
    async with mailbox() as (box, port):
        ours = Settings.load(
            broker=embedded_broker.address, partitions=2, smtp_url=f"smtp://127.0.0.1:{port}",
            mail_from="leimo@a.cn",
        )  # fmt: skip
        await apply_topics(ours)
        made = minute("xiaomi", NOON_MS, 30)
        at = partition_for(b"xiaomi", 2)
        await append(ours, Row(WINDOWS.name, at, made.key, msgspec.json.encode(made)))
        async with desk(who(), settings=ours, figures=Figures(ours)) as one:
            await one.tell(alert(), alert(2, brand="oppo"))
    with_picture, without = sorted(box.mails, key=lambda mail: -len(list(mail.walk())))
    [picture] = [part for part in with_picture.walk() if part.get_content_type() == "image/png"]
    page = with_picture.get_body(("html",))
    assert page is not None
    assert f"cid:{picture['Content-ID'].strip('<>')}" in page.get_content()
    assert picture.get_content().startswith(b"\x89PNG")
    assert not [part for part in without.walk() if part.get_content_type() == "image/png"]
