"""The channels: for each a payload and a reader of its answers, both pure."""

from collections.abc import Mapping
from types import MappingProxyType

from delivery.channels.alertmanager import ALERTMANAGER
from delivery.channels.dingtalk import DINGTALK
from delivery.channels.discord import DISCORD
from delivery.channels.feishu import FEISHU
from delivery.channels.slack import SLACK
from delivery.channels.teams import TEAMS
from delivery.channels.telegram import TELEGRAM
from delivery.channels.webhook import WEBHOOK
from delivery.channels.wecom import WECOM
from delivery.endpoints import HttpChannel, Limits
from schemas.catalogue import ReceivingChannel

HTTP_CHANNELS: Mapping[ReceivingChannel, HttpChannel] = MappingProxyType(
    {
        ReceivingChannel.WEBHOOK: WEBHOOK,
        ReceivingChannel.ALERTMANAGER: ALERTMANAGER,
        ReceivingChannel.DINGTALK: DINGTALK,
        ReceivingChannel.WECOM: WECOM,
        ReceivingChannel.FEISHU: FEISHU,
        ReceivingChannel.SLACK: SLACK,
        ReceivingChannel.DISCORD: DISCORD,
        ReceivingChannel.TELEGRAM: TELEGRAM,
        ReceivingChannel.TEAMS: TEAMS,
    }
)
MAIL_LIMITS = Limits(per_minute=60)
"""Of what is reached without HTTP of ours: mail, and apprise."""


def limits_of(channel: ReceivingChannel) -> Limits:
    """What a receiver of the channel takes."""
    found = HTTP_CHANNELS.get(channel)
    return MAIL_LIMITS if found is None else found.limits
