"""Mail: the message (pure), and SMTP in a thread."""

import hashlib
import smtplib
import ssl
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import formatdate
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from delivery.endpoints import EndpointError
from delivery.mail_pages import page_of, picture_id
from delivery.messages import Message
from delivery.outcomes import Answer
from schemas.delivery import Reason
from views.plain_text import one_line

TIMEOUT_S = 20
_MOST_RECIPIENTS = 50
_TLS_PORT, _SUBMISSION_PORT = 465, 587


class MailServer(NamedTuple):
    """A mail server, as `LEIMO_SMTP_URL` names it."""

    host: str
    port: int
    user: str
    password: str
    scheme: str

    def __repr__(self) -> str:
        return f"MailServer({self.host}:{self.port})"


def server_of(url: str) -> MailServer:
    """The server of `smtps://user:password@host:465`, `smtp+starttls://…` or `smtp://…`.

    Raises:
        EndpointError: it is none of these, or a password would go unencrypted.
    """
    if not url:
        raise EndpointError("no mail server; set LEIMO_SMTP_URL")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise EndpointError("LEIMO_SMTP_URL is no address of a server") from None
    usual = {"smtps": _TLS_PORT, "smtp+starttls": _SUBMISSION_PORT, "smtp": 25}
    if parts.scheme not in usual or not parts.hostname:
        raise EndpointError(
            "LEIMO_SMTP_URL begins with none of smtps://, smtp+starttls:// and smtp://"
        )
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if password and parts.scheme == "smtp":
        raise EndpointError(
            "LEIMO_SMTP_URL would send the password unencrypted; use smtps:// or smtp+starttls://"
        )
    return MailServer(parts.hostname, port or usual[parts.scheme], user, password, parts.scheme)


def recipients_of(address: str) -> tuple[str, ...]:
    """Mail addresses, separated by commas.

    Raises:
        EndpointError: one is none, or they are too many.

    >>> recipients_of("a@b.cn, c@d.cn")
    ('a@b.cn', 'c@d.cn')
    """
    found = tuple(part.strip() for part in address.split(",") if part.strip())
    for one in found:
        name, at, host = one.rpartition("@")
        if not (name and at and host) or any(c.isspace() or c in '<>"()' for c in one):
            raise EndpointError("one of the mail addresses is none; write a@b.cn, c@d.cn")
    if not 1 <= len(found) <= _MOST_RECIPIENTS:
        raise EndpointError(f"mail goes to 1 to {_MOST_RECIPIENTS} addresses")
    return found


def mail_of(
    message: Message, subscriber: str, sender: str, recipients: Sequence[str]
) -> EmailMessage:
    """The mail, in plain text and HTML. All about one alert is one thread."""
    mail = EmailMessage()
    mail["Subject"] = message.title
    mail["From"] = sender
    mail["To"] = ", ".join(recipients)
    first = _id(subscriber, message.thread)
    if message.answers:
        mail["Message-ID"] = _id(subscriber, message.id)
        mail["In-Reply-To"] = first
        mail["References"] = first
    else:
        mail["Message-ID"] = first
    mail["Auto-Submitted"] = "auto-generated"
    if message.is_urgent:
        mail["Importance"] = "high"
    mail.set_content("\n".join(message.texts), cte="base64")
    mail.add_alternative(message.page or page_of(message), subtype="html", cte="base64")
    [_, page] = mail.iter_parts()
    for at, picture in enumerate(message.pictures):
        page.add_related(
            picture.png, "image", "png", cid=f"<{picture_id(at)}>", disposition="inline"
        )
    return mail


def _id(subscriber: str, what: str) -> str:
    """The same for each attempt, so that readers can fold what arrived twice."""
    mark = hashlib.sha256(f"{subscriber}~{what}".encode()).hexdigest()[:32]
    return f"<{mark}@leimo.invalid>"


def send(server: MailServer, mail: EmailMessage, context: ssl.SSLContext | None = None) -> Answer:
    """Hand the mail to the server; blocks for at most some time-outs."""
    context = context or ssl.create_default_context()
    mail["Date"] = formatdate(usegmt=True)
    try:
        if server.scheme == "smtps":
            client: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=TIMEOUT_S, context=context
            )
        else:
            client = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)
        with client:
            if server.scheme == "smtp+starttls":
                client.starttls(context=context)
            if server.user:
                client.login(server.user, server.password)
            refused = client.send_message(mail)
    except smtplib.SMTPException as error:
        return read_error(error)
    except (OSError, ssl.SSLError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        is_tls = isinstance(error, ssl.SSLError)
        return Answer(Reason.MISCONFIGURED if is_tls else Reason.FAILED, 0, one_line(reason))
    detail = f"{len(refused)} recipients refused" if refused else ""
    return Answer(Reason.SENT, 250, detail, message="thread")


def read_error(error: smtplib.SMTPException) -> Answer:
    """4xx may pass; 5xx is a fault of the address or account, but for a message that is refused.

    >>> read_error(smtplib.SMTPDataError(452, b"full")).reason.value
    'failed'
    """
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
        passing = any(400 <= code < 500 for code in codes)
        reason = Reason.FAILED if passing else Reason.MISCONFIGURED
        return Answer(reason, codes[0] if codes else 0, "all recipients were refused")
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        if error.smtp_code < 500:
            return Answer(Reason.FAILED, error.smtp_code, one_line(text))
        is_content = isinstance(error, smtplib.SMTPDataError) and error.smtp_code in (552, 554)
        reason = Reason.REFUSED if is_content else Reason.MISCONFIGURED
        return Answer(reason, error.smtp_code, one_line(text))
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Answer(Reason.MISCONFIGURED, 0, "the server lacks STARTTLS or a login")
    return Answer(Reason.FAILED, 0, type(error).__name__)
