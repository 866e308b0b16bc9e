"""One send: from a delivery to what its receiver answered."""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from delivery import anywhere, mail
from delivery.channels import HTTP_CHANNELS, alertmanager
from delivery.digests import digest_message
from delivery.endpoints import EndpointError, redacted
from delivery.figures import Figures
from delivery.messages import (
    Addresses,
    Message,
    message_of,
    message_of_notice,
    message_of_several,
)
from delivery.outbound import Outbound
from delivery.outcomes import Answer
from delivery.recent import pictures_of
from delivery.secrets import endpoint_of
from kafka_io.settings import Settings
from schemas.alert import Alert
from schemas.catalogue import ReceivingChannel, Subscriber
from schemas.delivery import Delivery, Digest, Notice, Reason
from views.doings import Doings

MOST_TOGETHER = 20
"""Alerts in one message."""


class Sent(NamedTuple):
    """What came of a send."""

    answer: Answer
    parts: int
    """How many parts the message has."""


class Sender:
    """Sends through every channel."""

    def __init__(
        self,
        settings: Settings,
        outbound: Outbound,
        *,
        mail_tls: ssl.SSLContext | None = None,
        figures: Figures | None = None,
    ) -> None:
        self._folder: Path | None = settings.secrets_folder
        self._smtp_url = settings.smtp_url.get_secret_value()
        self._mail_from = settings.mail_from
        self._mail_tls = mail_tls
        self._outbound = outbound
        self._figures = figures
        secret = settings.links_secret.get_secret_value()
        self._addresses = Addresses(settings.center_url, settings.links_url, secret)

    def fitting(
        self,
        subscriber: Subscriber,
        first: Delivery,
        others: Sequence[Delivery],
        names: Mapping[str, str],
    ) -> list[Delivery]:
        """As many of the others as can be told with the first in a message of one part."""
        found: list[Delivery] = []
        for one in others[: MOST_TOGETHER - 1]:
            told = [first, *found, one]
            message = message_of_several(told, subscriber, names, addresses=self._addresses)
            channel = HTTP_CHANNELS.get(subscriber.channel)
            if channel is not None and len(channel.parts(message)) > 1:
                break
            found.append(one)
        return found

    async def send(
        self,
        subscriber: Subscriber,
        told: Sequence[Delivery],
        names: Mapping[str, str],
        doings: Doings,
        now_ms: int,
    ) -> Sent:
        """Send the next part of the message about what waits in `told`."""
        message = await self._message(subscriber, told, names, doings)
        try:
            if subscriber.channel is ReceivingChannel.EMAIL:
                return Sent(await self._mail(subscriber, message), 1)
            if subscriber.channel is ReceivingChannel.APPRISE:
                return Sent(await self._apprise(subscriber, message), 1)
            return await self._http(subscriber, message, told[0].parts_sent, now_ms)
        except EndpointError as error:
            return Sent(Answer(Reason.MISCONFIGURED, 0, str(error)), 1)

    async def _message(
        self,
        subscriber: Subscriber,
        told: Sequence[Delivery],
        names: Mapping[str, str],
        doings: Doings,
    ) -> Message:
        delivery, *others = told
        if isinstance(delivery.about, Digest):
            return await self._digest(subscriber, delivery, delivery.about, names)
        if isinstance(delivery.about, Notice):
            return message_of_notice(delivery, delivery.about, subscriber, names)
        if others:
            return message_of_several(told, subscriber, names, addresses=self._addresses)
        alert = delivery.pending
        if alert is None:
            raise RuntimeError(f"{delivery.name}: nothing waits to be told")
        is_changeable = not (delivery.beside and subscriber.channel is ReceivingChannel.DISCORD)
        message = message_of(
            alert,
            subscriber,
            names,
            is_update=delivery.told_revision >= 0,
            answers=delivery.message if is_changeable else "",
            addresses=self._addresses,
            doing=doings.of_alert(delivery.alert, delivery.incident),
            matched_at_ms=delivery.matched_at_ms,
            escalated_from=delivery.escalated_from,
        )
        if subscriber.channel is not ReceivingChannel.EMAIL or self._figures is None:
            return message
        minutes = await self._figures.recent(alert)
        return message._replace(pictures=tuple(pictures_of(alert, minutes, subscriber)))

    async def _digest(
        self, subscriber: Subscriber, delivery: Delivery, about: Digest, names: Mapping[str, str]
    ) -> Message:
        if self._figures is None:
            raise EndpointError("there is no broker to read the figures from")
        facts = await self._figures.of_digest(subscriber, about)
        return digest_message(delivery, facts, subscriber, names, self._addresses)

    async def _apprise(self, subscriber: Subscriber, message: Message) -> Answer:
        address = endpoint_of(subscriber, self._folder).address
        return await asyncio.to_thread(anywhere.send, address, message)

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
