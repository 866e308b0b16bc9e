"""`leimo audit`: prove that the windows are right."""

from typing import Annotated

import typer

from leimo.terminal import say, say_json

Broker = Annotated[str | None, typer.Option(help="Kafka brokers, host:port, comma-separated.")]


def audit(
    *,
    broker: Broker = None,
    since: Annotated[
        str | None,
        typer.Option(help="First window: 2026-05-25T14:00 (UTC), or 2h for so long ago."),
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="First window that is not looked at, as --since.")
    ] = None,
    settle: Annotated[
        float, typer.Option(min=0, help="Look again for so many seconds where something differs.")
    ] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Count the posts of `posts.raw` once more, and compare with the windows.

    Reads only, belongs to no consumer group, and needs no worker. The catalogue is the one in force
    now: windows that were counted with another one differ. Exit code 1 where something differs, and
    where no window could be compared.

    Examples:

        leimo audit --since 2h

        leimo audit --since 2026-05-25T14:00 --until 2026-05-25T15:00 --json
    """
    import msgspec

    from leimo.audit import audit as run_audit
    from leimo.audit import summary
    from leimo.moment_option import moment_option
    from leimo.progress import counting
    from leimo.run import load_settings, run

    settings = load_settings(broker=broker)
    with counting("reading posts", hidden=quiet) as on_progress:
        work = run_audit(
            settings,
            moment_option("--since", since),
            moment_option("--until", until),
            settle_s=settle,
            on_progress=on_progress,
        )
        report = run(work, settings)
    if as_json:
        say_json(msgspec.json.encode({"is_exact": report.is_exact} | msgspec.to_builtins(report)))
    else:
        say("\n".join(summary(report)))
    if not report.is_exact:
        raise typer.Exit(1)
