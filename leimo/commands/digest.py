"""`leimo digest`: a look back on brands, in the terminal or as a page."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leimo.terminal import say
from schemas.catalogue import DigestSpan, Wording

if TYPE_CHECKING:
    from delivery.messages import Message
    from kafka_io.settings import Settings
    from schemas.catalogue import Subscriber


def digest(
    *,
    brand: Annotated[list[str], typer.Option(help="Id of a brand; may be given again.")],
    rival: Annotated[
        list[str] | None, typer.Option(help="Id of a brand beside it; may be given again.")
    ] = None,
    span: Annotated[DigestSpan, typer.Option("--for", help="What to look back on.")] = (
        DigestSpan.DAY
    ),
    zone: Annotated[str, typer.Option(help="Whose days are meant.")] = "Asia/Shanghai",
    language: Annotated[Wording, typer.Option(help="zh or en.")] = Wording.ZH,
    html: Annotated[Path | None, typer.Option(help="Write a page there, with a picture.")] = None,
    broker: Annotated[
        str | None, typer.Option(help="Kafka brokers, host:port, comma-separated.")
    ] = None,
) -> None:
    """Print the digest of the last whole day, or week, as Markdown.

    Subscribers get theirs from `leimo deliver`: see `digests` in docs/subscribers.md.

    Examples:

        leimo digest --brand xiaomi --rival huawei --rival oppo --for week

        leimo digest --brand xiaomi --language en --html digest.html
    """
    from catalogue.check_subscribers import is_zone
    from leimo.run import fail, load_settings, run
    from schemas.catalogue import ReceivingChannel, Subscriber

    if not is_zone(zone):
        fail(f"--zone {zone!r} is no time zone; write an IANA name, such as Asia/Shanghai", code=2)
    settings = load_settings(broker=broker)
    reader = Subscriber(
        id="digest",
        channel=ReceivingChannel.EMAIL,
        address="",
        brands=tuple(dict.fromkeys(brand)),
        rivals=tuple(dict.fromkeys(rival or ())),
        digests=(span,),
        digest_at="00:00",
        zone=zone,
        language=language,
    )
    message = run(_made(settings, reader, span), settings)
    if html is None:
        say(f"# {message.title}\n")
        for line in message.lines:
            say(line if line.startswith("- ") else f"\n{line}")
        return
    try:
        html.write_text(_page(message), encoding="utf-8")
    except OSError as error:
        fail(f"--html {html}: cannot be written: {error.strerror or error}")
    say(f"{html}: {message.title}")


async def _made(settings: "Settings", reader: "Subscriber", span: DigestSpan) -> "Message":
    import time

    from delivery.digest_times import delivery_of, newest_digest
    from delivery.digests import digest_message
    from delivery.figures import Figures
    from delivery.history import catalogue_in_force
    from delivery.messages import Addresses
    from schemas.errors import OperatorError

    catalogue = await catalogue_in_force(settings)
    names = {one.id: one.name for one in catalogue.brands}
    for brand in (*reader.brands, *reader.rivals):
        if brand not in names:
            raise OperatorError(
                f"{brand!r} is the id of no brand in force; see `leimo catalogue show`"
            )
    now_ms = time.time_ns() // 1_000_000
    first, digest = newest_digest(reader, span, now_ms)
    facts = await Figures(settings).of_digest(reader, digest)
    delivery = delivery_of(reader, first, digest, now_ms)
    return digest_message(delivery, facts, reader, names, Addresses(settings.center_url))


def _page(message: "Message") -> str:
    """The mail as a page of its own: pictures stand in it."""
    import base64

    from delivery.mail_pages import picture_id

    page = message.page
    for at, picture in enumerate(message.pictures):
        png = base64.b64encode(picture.png).decode()
        page = page.replace(f"cid:{picture_id(at)}", f"data:image/png;base64,{png}")
    return page
