"""One send: from a delivery to what its receiver answered."""

import asyncio
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from delivery import mail
from delivery.channels import HTTP_CHANNELS, alertmanager
from delivery.endpoints import EndpointError, redacted
from delivery.messages import Message, message_of
from delivery.outbound import Outbound
from delivery.outcomes import Answer
from delivery.secrets import endpoint_of
from kafka_io.settings import Settings
from schemas.alert import Alert
from schemas.catalogue import ReceivingChannel, Subscriber
from schemas.delivery import Delivery, Reason


class Sent(NamedTuple):
    """What came of a send."""

    answer: Answer
    parts: int
    """How many parts the message has."""


class Sender:
    """Sends through every channel."""

    def __init__(
        self, settings: Settings, outbound: Outbound, *, mail_tls: ssl.SSLContext | None = None
    ) -> None:
        self._folder: Path | None = settings.secrets_folder
        self._smtp_url = settings.smtp_url.get_secret_value()
        self._mail_from = settings.mail_from
        self._mail_tls = mail_tls
        self._outbound = outbound

    async def send(
        self,
        subscriber: Subscriber,
        delivery: Delivery,
        alert: Alert,
        names: Mapping[str, str],
        now_ms: int,
    ) -> Sent:
        """Send the next part of the message about `alert`."""
        message = message_of(
            alert,
            subscriber,
            names,
            is_update=delivery.told_revision >= 0,
            answers=delivery.message,
        )
        try:
            if subscriber.channel is ReceivingChannel.EMAIL:
                return Sent(await self._mail(subscriber, message), 1)
            return await self._http(subscriber, message, delivery.parts_sent, now_ms)
        except EndpointError as error:
            return Sent(Answer(Reason.MISCONFIGURED, 0, str(error)), 1)

    async def _http(self, subscriber: Subscriber, message: Message, part: int, now_ms: int) -> Sent:
        channel = HTTP_CHANNELS[subscriber.channel]
        endpoint = endpoint_of(subscriber, self._folder)
        bodies = channel.parts(message)
        # A catalogue that changed in between may have made the message shorter.
        body = bodies[min(part, len(bodies) - 1)]
        request = channel.to_request(body, message.id, endpoint, now_ms)
        answered = await self._outbound.send(request)
        if not isinstance(answered, Answer):
            status, headers, said = answered
            answered = channel.read_answer(status, headers, redacted(said, endpoint))
        return Sent(answered, len(bodies))

    async def _mail(self, subscriber: Subscriber, message: Message) -> Answer:
        server = mail.server_of(self._smtp_url)
        if not self._mail_from:
            raise EndpointError("mails have no sender; set LEIMO_MAIL_FROM")
        recipients = mail.recipients_of(endpoint_of(subscriber, self._folder).address)
        made = mail.mail_of(message, subscriber.id, self._mail_from, recipients)
        return await asyncio.to_thread(mail.send, server, made, self._mail_tls)

    async def refresh(
        self,
        subscriber: Subscriber,
        alerts: list[Alert],
        names: Mapping[str, str],
        now_ms: int,
    ) -> Answer:
        """Tell an Alertmanager again what fires, and what has just ended."""
        try:
            endpoint = endpoint_of(subscriber, self._folder)
            bodies = (
                body
                for alert in alerts
                for body in alertmanager.parts(message_of(alert, subscriber, names, is_update=True))
            )
            body = alertmanager.joined(bodies)
            request = alertmanager.to_request(body, "", endpoint, now_ms)
        except EndpointError as error:
            return Answer(Reason.MISCONFIGURED, 0, str(error))
        answered = await self._outbound.send(request)
        if isinstance(answered, Answer):
            return answered
        status, headers, said = answered
        return alertmanager.ALERTMANAGER.read_answer(status, headers, redacted(said, endpoint))
