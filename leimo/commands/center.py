"""`leimo center`: the command center."""

from typing import Annotated

import typer


def center(
    broker: Annotated[
        str | None, typer.Option(help="Kafka brokers, host:port, comma-separated.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Where to listen; usually 127.0.0.1.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port; 0: any free one.")
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(help="sqlite:///FILE or postgresql://USER@HOST/DATABASE: the read model."),
    ] = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Make the store anew, from archive and topics.")
    ] = False,
) -> None:
    """Show what is said about brands: follow the topics, keep a store, answer browsers.

    Nothing has to be started before but the broker. The store is a file beside you unless told
    otherwise, and knows how far it has come: stop and start as you like. --rebuild keeps what
    people did and took back, and reads the rest again: from the archive, where LEIMO_CENTER_ARCHIVE
    names one, and from the topics, which hold posts of three days, windows and alerts of 90.

    Examples:

        leimo center

        leimo center --port 8080 --store postgresql://leimo@db/leimo
    """
    from leimo.run import load_settings, run, start_logging

    settings = load_settings(
        broker=broker,
        center_address=_address(host, port),
        center_store=store,
    )
    start_logging(settings.log_level)
    from center.serving import serve

    run(serve(settings, is_rebuilt=rebuild), settings)


def _address(host: str | None, port: int | None) -> str | None:
    """What replaces the setting; None: nothing was given."""
    if host is None and port is None:
        return None
    from leimo.run import load_settings

    usual_host, _, usual_port = load_settings().center_address.rpartition(":")
    chosen = host or usual_host
    shown = f"[{chosen}]" if ":" in chosen and not chosen.startswith("[") else chosen
    return f"{shown}:{usual_port if port is None else port}"
