"""`leimo topics`: create the topics, or look at them."""

from typing import TYPE_CHECKING, Annotated

import typer

from leimo.terminal import say, say_json

if TYPE_CHECKING:
    from streams.topic_admin import TopicState

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
    from leimo.run import load_settings, run
    from streams.topic_admin import apply_topics

    settings = load_settings(broker=broker)
    states = run(apply_topics(settings), settings)
    created = [state.topic.name for state in states if state.found is None]
    kept = [state.topic.name for state in states if state.found is not None]
    if as_json:
        _print_json({"created": created, "kept": kept})
        return
    for state in states:
        verb = "created" if state.found is None else "kept   "
        say(f"{verb}  {state.topic.name:<18} {state.wanted} partitions")


@app.command("list")
def list_topics(broker: Broker = None, as_json: AsJson = False) -> None:
    """Show each topic: what it carries, and whether the broker has it.

    Exit code 1 where one is missing or has a wrong number of partitions.
    """
    from leimo.run import load_settings, run
    from streams.topic_admin import topic_states

    settings = load_settings(broker=broker)
    states = run(topic_states(settings), settings)
    if as_json:
        _print_json({state.topic.name: _described(state) for state in states})
    else:
        for state in states:
            found = "missing" if state.found is None else f"{state.found}/{state.wanted}"
            say(f"{state.topic.name:<18} {found:>8}  {state.topic.about}")
    if not all(state.is_right for state in states):
        say("Create what is missing with `leimo topics apply`.", err=True)
        raise typer.Exit(1)


def _described(state: "TopicState") -> dict[str, object]:
    return {
        "partitions": state.found,
        "wanted_partitions": state.wanted,
        "key": state.topic.key,
        "value": state.topic.value,
        "config": state.topic.config(),
    }


def _print_json(value: object) -> None:
    import orjson

    say_json(orjson.dumps(value))
