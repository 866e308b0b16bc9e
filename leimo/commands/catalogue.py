"""`leimo catalogue`: check brands and rules, put them into force, look at them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leimo.terminal import say, say_json, terminal
from schemas.counted import counted

if TYPE_CHECKING:
    from catalogue.file import Examined, Finding
    from catalogue.topic import Changes
    from schemas.catalogue import Catalogue, Definition

app = typer.Typer(no_args_is_help=True, help="Brands, rules, subscribers: check, apply, show.")

File = Annotated[
    Path | None, typer.Argument(help="YAML file; the catalogue that comes with leimo if not given.")
]
Broker = Annotated[str | None, typer.Option(help="Kafka brokers, host:port, comma-separated.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")]


@app.command("check")
def check(file: File = None, as_json: AsJson = False) -> None:
    """Find every error in a catalogue file; needs no broker. Exit code 1 where there is one.

    Examples:

        leimo catalogue check

        leimo catalogue check my.yml
    """
    from catalogue.file import SHIPPED, examine
    from leimo.named_files import refuse_missing

    refuse_missing(file)
    path = file or SHIPPED
    examined = examine(path)
    if as_json:
        _print_json(_examined_json(path, examined))
    else:
        _print_findings(examined)
        for note in examined.notes:
            say(f"{note} (note)")
        say(_summary(examined))
    if examined.errors:
        raise typer.Exit(1)


@app.command("apply")
def apply(
    file: File = None,
    broker: Broker = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave definitions in force that the file lacks.")
    ] = False,
    only_absent: Annotated[
        bool,
        typer.Option("--only-absent", help="Add what the broker lacks; leave all that is there."),
    ] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="Remove what the file lacks without asking.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change; change nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put a catalogue into force. Workers take it over within a second, without a restart.

    What the file does not hold is removed, unless --keep is given: on a terminal after a yes,
    elsewhere with --remove alone. Silences stay until they are over. Safe to run again: only what
    changed is sent. A file with an error is refused as a whole.

    Examples:

        leimo catalogue apply my.yml --dry-run

        leimo catalogue apply my.yml

        leimo catalogue apply my.yml --only-absent
    """
    from catalogue.file import SHIPPED, examine
    from catalogue.topic import publish
    from leimo.named_files import refuse_missing
    from leimo.run import fail, load_settings, run

    if (keep or only_absent) and remove:
        fail("--remove contradicts --keep and --only-absent; give one of them", code=2)
    refuse_missing(file)
    settings = load_settings(broker=broker)
    path = file or SHIPPED
    examined = examine(path)
    if examined.errors:
        _print_findings(examined, err=True)
        say(f"{_summary(examined)}; nothing was changed", err=True)
        raise typer.Exit(1)
    work = publish(
        settings,
        examined.catalogue,
        keep=keep,
        only_absent=only_absent,
        dry_run=dry_run,
        may_remove=lambda changes: remove or _confirmed(changes),
    )
    changes = run(work, settings)
    if as_json:
        _print_json({"file": str(path), "dry_run": dry_run, **changes._asdict()})
        return
    _print_findings(examined, err=True)
    _print_changes(changes, dry_run=dry_run)


def _confirmed(changes: "Changes") -> bool:
    """Whether a person agrees to what is removed.

    Raises:
        OperatorError: nobody can be asked, or the answer was no; nothing was changed.
    """
    import sys

    from schemas.errors import OperatorError

    count = counted(len(changes.removed), "definition")
    for key in changes.removed[:_LISTED]:
        say(f"- {key}", err=True)
    if len(changes.removed) > _LISTED:
        say(f"… and {len(changes.removed) - _LISTED} more", err=True)
    mend = "add --remove to remove what the file lacks, or --keep to leave it"
    if not sys.stdin.isatty():
        raise OperatorError(f"{count} in force would be removed; nothing was changed: {mend}")
    say(f"Remove {count} in force that the file lacks? Type yes: ", err=True, end="")
    if sys.stdin.readline().strip() != "yes":
        raise OperatorError(f"nothing was changed: {mend}")
    return True


@app.command("show")
def show(
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID", help="Their ids; all if none."),
    ] = None,
    broker: Broker = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line, for programs.")
    ] = False,
) -> None:
    """Show the definitions in force on the broker; with ids, everything about those.

    Examples:

        leimo catalogue show

        leimo catalogue show xiaomi apple

        leimo catalogue show --json | jq 'select(.trade == "cars") | .id'
    """
    from catalogue.topic import held_definitions
    from leimo.run import fail, load_settings, run
    from schemas.catalogue import definitions_of

    settings = load_settings(broker=broker)
    catalogue = _decoded(run(held_definitions(settings), settings))
    definitions = [each for each in definitions_of(catalogue) if not ids or each.id in ids]
    unknown = sorted(set(ids or ()) - {definition.id for definition in definitions})
    if unknown:
        fail(f"{', '.join(unknown)}: not in force; see `leimo catalogue show`")
    if as_json:
        for definition in definitions:
            _print_json(definition)
    elif ids:
        _print_yaml(definitions)
    elif not definitions:
        say("Nothing is in force: workers wait for `leimo catalogue apply`.", err=True)
    else:
        _print_table(catalogue)


def _summary(examined: "Examined") -> str:
    """
    >>> from catalogue.file import parse
    >>> _summary(parse(b"brands: [{id: mi, name: Xiaomi, aliases: [MIUI]}]", "my.yml"))
    '1 brand, 2 names, 0 rules: no errors, 1 warning'
    """
    brands = examined.catalogue.brands
    names = sum(1 + len(brand.aliases) for brand in brands)
    held = (
        f"{counted(len(brands), 'brand')}, {counted(names, 'name')}, "
        f"{counted(len(examined.catalogue.rules), 'rule')}"
    )
    if examined.catalogue.intents:
        held += f", {counted(len(examined.catalogue.intents), 'intent')}"
    errors = counted(len(examined.errors), "error") if examined.errors else "no errors"
    warnings = f", {counted(len(examined.warnings), 'warning')}" if examined.warnings else ""
    return f"{held}: {errors}{warnings}"


def _print_findings(examined: "Examined", *, err: bool = False) -> None:
    for finding in examined.errors[:_LISTED]:
        say(str(finding), err=err)
    if len(examined.errors) > _LISTED:
        say(f"… and {len(examined.errors) - _LISTED} more; --json lists them", err=err)
    for finding in examined.warnings:
        say(f"{finding} (warning)", err=err)


def _examined_json(path: Path, examined: "Examined") -> dict[str, object]:
    brands = examined.catalogue.brands
    return {
        "file": str(path),
        "brands": len(brands),
        "names": sum(1 + len(brand.aliases) for brand in brands),
        "rules": len(examined.catalogue.rules),
        "intents": len(examined.catalogue.intents),
        "errors": [_finding_json(finding) for finding in examined.errors],
        "warnings": [_finding_json(finding) for finding in examined.warnings],
        "notes": [_finding_json(finding) for finding in examined.notes],
    }


def _finding_json(finding: "Finding") -> dict[str, object]:
    return {"line": finding.line, "key": finding.key, "message": finding.message}


def _print_changes(changes: "Changes", *, dry_run: bool) -> None:
    signs = (("+", changes.added), ("~", changes.changed), ("-", changes.removed))
    listed = [f"{sign} {key}" for sign, keys in signs for key in keys]
    for line in listed[:_LISTED]:
        say(line)
    if len(listed) > _LISTED:
        say(f"… and {len(listed) - _LISTED} more")
    kept = f", {len(changes.kept)} kept" if changes.kept else ""
    would = "would be " if dry_run else ""
    say(
        f"{would}added {len(changes.added)}, changed {len(changes.changed)}, "
        f"removed {len(changes.removed)}, unchanged {len(changes.unchanged)}{kept}"
    )


_LISTED = 20


def _decoded(held: dict[bytes, bytes]) -> "Catalogue":
    """The definitions; one that cannot be read is named on standard error and left out."""
    import msgspec

    from schemas.catalogue import Definition, catalogue_of

    found: list[Definition] = []
    for key, value in sorted(held.items()):
        try:
            found.append(msgspec.json.decode(value, type=Definition))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            say(f"{key!r} is no definition: {error}", err=True)
    return catalogue_of(found)


def _print_table(catalogue: "Catalogue") -> None:
    from rich.table import Table

    brands = Table("brand", "name", "trade", "names", "accounts", "parent", box=None)
    for brand in catalogue.brands:
        brands.add_row(
            brand.id,
            brand.name,
            brand.trade,
            str(1 + len(brand.aliases)),
            str(len(brand.accounts)),
            brand.parent,
        )
    rules = Table("rule", "kind", "brands", "department", box=None)
    for rule in catalogue.rules:
        rules.add_row(rule.id, rule.kind.value, ", ".join(rule.brands) or "all", rule.department)
    intents = Table("intent", "objective", "query", box=None)
    for intent in catalogue.intents:
        intents.add_row(intent.id, intent.objective.value, intent.query)
    console = terminal()
    console.print(brands)
    console.print(rules)
    console.print(intents)
    if catalogue.silences:
        from views.plain_text import one_line

        silences = Table("silence", "brands", "rules", "until", "reason", box=None)
        for silence in catalogue.silences:
            brands_of, rules_of = ", ".join(silence.brands), ", ".join(silence.rules)
            silences.add_row(
                silence.id,
                brands_of or "all",
                rules_of or "all",
                silence.until,
                one_line(silence.reason),
            )
        console.print(silences)
    if catalogue.subscribers:
        subscribers = Table("subscriber", "channel", "brands", "severity", box=None)
        for one in catalogue.subscribers:
            about = ", ".join((*one.brands, *one.groups)) or "all"
            subscribers.add_row(one.id, one.channel.value, about, f"{one.min_severity}+")
        console.print(subscribers)
    if catalogue.feeds:
        feeds = Table("feed", "kind", "runs", box=None)
        for feed in catalogue.feeds:
            feeds.add_row(feed.id, feed.kind.value, "yes" if feed.enabled else "no")
        console.print(feeds)
    if catalogue.holidays:
        holidays = Table("holiday", "first", "last", "what", box=None)
        for holiday in catalogue.holidays:
            days = holiday.country or holiday.first, holiday.last or holiday.first
            holidays.add_row(holiday.id, *days, "sale" if holiday.is_sale else "holiday")
        console.print(holidays)


def _print_yaml(definitions: "list[Definition]") -> None:
    import msgspec
    import yaml

    for definition in definitions:
        fields = msgspec.to_builtins(definition)
        _, _, kind = fields.pop("type").partition("/")
        if kind:
            fields = {"id": fields.pop("id"), "kind": kind, **fields}
        say(yaml.safe_dump([fields], allow_unicode=True, sort_keys=False, width=100), end="")


def _print_json(value: object) -> None:
    import msgspec

    say_json(msgspec.json.encode(value))
