"""`leimo deliver`: one process that tells subscribers of alerts."""

from typing import Annotated

import typer


def deliver(
    broker: Annotated[
        str | None, typer.Option(help="Kafka brokers, host:port, comma-separated.")
    ] = None,
    metrics: Annotated[
        str | None, typer.Option(help="Where /metrics listens, host:port; empty: nowhere.")
    ] = None,
) -> None:
    """Tell subscribers of alerts: read alerts, send, write deliveries.

    Start two to go on when one dies; they share the subscribers. Ctrl-C or SIGTERM ends what is
    under way first. The first start tells of alerts from then on.

    Examples:

        SUBSCRIBER_OPS_URL=https://... leimo deliver

        LEIMO_SECRETS_FOLDER=/run/secrets leimo deliver --metrics 127.0.0.1:9466
    """
    from leimo.run import load_settings, run, start_logging

    settings = load_settings(broker=broker, metrics_address=metrics)
    start_logging(settings.log_level)
    from delivery.deliverer import Deliverer

    async def work() -> None:
        await Deliverer(settings).run()

    run(work(), settings)
