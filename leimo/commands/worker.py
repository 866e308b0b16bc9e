"""`leimo worker`: one process that analyses and measures."""

from typing import Annotated

import typer


def worker(
    broker: Annotated[
        str | None, typer.Option(help="Kafka brokers, host:port, comma-separated.")
    ] = None,
    metrics: Annotated[
        str | None, typer.Option(help="Where /metrics listens, host:port; empty: nowhere.")
    ] = None,
) -> None:
    """Work: read posts.raw, write mentions, windows and alerts.

    Start as many as there are cores; they share the partitions. Ctrl-C or SIGTERM commits what is
    done and stops.

    Examples:

        leimo worker

        LEIMO_BROKER=kafka1:9092,kafka2:9092 LEIMO_INSTANCE=worker-1 leimo worker

        leimo worker --metrics 127.0.0.1:9465     (a second worker on one machine)
    """
    from leimo.run import load_settings, run, start_logging

    settings = load_settings(broker=broker, metrics_address=metrics)
    start_logging(settings.log_level)
    from leimo.worker import Worker

    run(_work(Worker, settings), settings)


async def _work(worker_class: type, settings: object) -> None:
    await worker_class(settings).run()
