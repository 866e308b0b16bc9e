"""`leimo lag`: how much waits for the workers, printed or served to Prometheus."""

from typing import TYPE_CHECKING, Annotated

import typer

from leimo.terminal import say, say_json
from schemas.counted import noun_of

if TYPE_CHECKING:
    from kafka_io.settings import Settings


def lag(
    broker: Annotated[
        str | None, typer.Option(help="Kafka brokers, host:port, comma-separated.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
    serve: Annotated[
        str | None,
        typer.Option(
            help="Go on, and serve /metrics on this host:port; LEIMO_METRICS_TOKEN holds."
        ),
    ] = None,
) -> None:
    """Show how many records wait for the group's workers, also while none runs.

    Counts from the offsets that the group has committed. It only reads.

    Examples:

        leimo lag

        leimo lag --serve 127.0.0.1:9465     (for Prometheus)
    """
    from leimo.run import fail, load_settings, run, start_logging

    if serve is not None:
        if not serve or as_json:
            fail(f"--serve {serve!r}: give a host:port, such as 127.0.0.1:9465, and no --json", 2)
        settings = load_settings(broker=broker, metrics_address=serve)
        start_logging(settings.log_level)
        run(_serve(settings), settings)
        return

    settings = load_settings(broker=broker)
    waiting = run(_waiting(settings), settings)
    if as_json:
        import json

        say_json(json.dumps(waiting))
        return
    from kafka_io.topic_names import Names

    names = Names(settings)
    for topic, lags in waiting.items():
        name = names.on_broker(topic)
        waits = sum(lags.values())
        behind = sum(1 for records in lags.values() if records)
        say(f"{name:<12} {waits:>12} {noun_of(waits, 'record')} in {behind} of {len(lags)}")


async def _waiting(settings: "Settings") -> dict[str, dict[int, int]]:
    """Records that wait, by topic and partition."""
    from aiokafka.errors import KafkaConnectionError, KafkaError

    from kafka_io.group_lag import group_lag, unreadable
    from kafka_io.topic_admin import refuse_missing, refuse_wrong_partitions, topic_states
    from schemas.errors import OperatorError

    states = await topic_states(settings)
    refuse_missing(states)
    refuse_wrong_partitions(states)
    waiting: dict[str, dict[int, int]] = {}
    try:
        lags = await group_lag(settings)
    except KafkaConnectionError:
        raise
    except KafkaError as error:
        raise OperatorError(unreadable(settings.group_id, error)) from error
    for (topic, partition), records in lags.items():
        waiting.setdefault(topic, {})[partition] = records
    return waiting


async def _serve(settings: "Settings") -> None:
    from kafka_io.group_lag import GroupLag
    from streams.monitoring import serve_monitoring

    lag_of_group = GroupLag(settings)
    monitoring = await serve_monitoring(
        settings, lag_of_group.registry, lambda: lag_of_group.is_known
    )
    try:
        await lag_of_group.follow()
    finally:
        if monitoring is not None:
            await monitoring.cleanup()
