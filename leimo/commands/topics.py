"""`leimo topics`: create the topics, or look at them."""

from typing import TYPE_CHECKING, Annotated

import typer

from leimo.terminal import say, say_json
from schemas.counted import counted, noun_of

if TYPE_CHECKING:
    from kafka_io.topic_admin import TopicState

app = typer.Typer(no_args_is_help=True, help="Create the Kafka topics, or look at them.")

Broker = Annotated[str | None, typer.Option(help="Kafka brokers, host:port, comma-separated.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")]


@app.command("apply")
def apply(broker: Broker = None, as_json: AsJson = False) -> None:
    """Create the topics that are missing. Safe to run again.

    Refuses where a topic has another number of partitions than LEIMO_PARTITIONS.

    Example:

        LEIMO_PARTITIONS=16 LEIMO_REPLICATION=3 leimo topics apply
    """
    from kafka_io.topic_admin import apply_topics
    from leimo.run import load_settings, run

    settings = load_settings(broker=broker)
    states = run(apply_topics(settings), settings)
    created = [state.topic.name for state in states if state.found is None]
    kept = [state.topic.name for state in states if state.found is not None]
    if as_json:
        _print_json({"created": created, "kept": kept})
        return
    for state in states:
        verb = "created" if state.found is None else "kept   "
        say(f"{verb}  {state.name:<18} {counted(state.wanted, 'partition')}")


@app.command("list")
def list_topics(broker: Broker = None, as_json: AsJson = False) -> None:
    """Show each topic: what it carries, and whether the broker has it.

    Partitions (found and wanted), replicas and how long records are kept. Exit code 1 where one is
    missing, has a wrong number of partitions or fewer replicas than LEIMO_REPLICATION (in
    production: than two), keeps records for less time, takes smaller records, or is cleaned up in
    another way than needed; and where the broker does not tell.
    """
    from kafka_io.topic_admin import faults_of, topic_states, wanted_replicas
    from leimo.run import load_settings, run

    settings = load_settings(broker=broker)
    states = run(topic_states(settings), settings)
    if as_json:
        _print_json(
            {state.topic.name: _described(state, wanted_replicas(settings)) for state in states}
        )
    else:
        for state in states:
            found = "missing" if state.found is None else f"{state.found}/{state.wanted}"
            kept = "-" if state.found is None else _days(state.config.get("retention.ms"))
            replicas = f"{state.replicas or '-':>2} {noun_of(state.replicas or 0, 'replica'):8}"
            say(f"{state.name:<18} {found:>8} {replicas} {kept:>8}  {state.topic.about}")
    faults = faults_of(states, wanted_replicas(settings))
    for fault in faults:
        say(fault, err=True)
    if any(state.found is None for state in states):
        say("Create what is missing with `leimo topics apply`.", err=True)
    if faults or not all(state.is_right for state in states):
        raise typer.Exit(1)


def _days(retention_ms: str | None) -> str:
    """How long records are kept, for people.

    >>> [_days(given) for given in ("86400000", "-1", None, "5400000")]
    ['1 d', 'for ever', 'not told', '0.062 d']
    """
    if retention_ms is None:
        return "not told"
    return "for ever" if retention_ms == "-1" else f"{int(retention_ms) / 86_400_000:.2g} d"


def _described(state: "TopicState", replication: int) -> dict[str, object]:
    return {
        "name": state.name,
        "partitions": state.found,
        "wanted_partitions": state.wanted,
        "key": state.topic.key,
        "value": state.topic.value,
        "config": dict(state.config),
        "wanted_config": state.topic.config(),
        "replicas": state.replicas,
        "wanted_replicas": replication,
        "faults": state.faults(replication),
    }


def _print_json(value: object) -> None:
    import orjson

    say_json(orjson.dumps(value))
