"""The picture of the last hours that goes with a mail about an alert. Pure."""

from collections.abc import Iterator

from delivery.digest_facts import MINUTE_MS, Minutes
from delivery.messages import Picture, local_time
from delivery.pictures import bars
from schemas.alert import Alert
from schemas.catalogue import Subscriber, Wording

_BAR_MIN = 3
_ABOUT = {
    Wording.ZH: "近三小时每三分钟的帖子数，最高 {top}；橙色：预警开始后（{since}）",
    Wording.EN: "Posts every three minutes of the last three hours, at most {top}; orange: since "
    "the alert began ({since})",
}


def pictures_of(alert: Alert, minutes: Minutes | None, subscriber: Subscriber) -> Iterator[Picture]:
    """Posts over the last hours; the time of the alert stands out. None without any posts."""
    if minutes is None:
        return
    count = len(minutes.posts)
    from_ms = minutes.from_ms
    values = minutes.binned(from_ms, from_ms + count * MINUTE_MS, count // _BAR_MIN)
    if not any(values):
        return
    marked_from = max(0, (alert.started_at_ms - from_ms) // (_BAR_MIN * MINUTE_MS))
    about = _ABOUT[subscriber.language].format(
        top=f"{max(values):,}", since=local_time(alert.started_at_ms, subscriber.zone)
    )
    yield Picture(bars(values, marked_from=marked_from), about)
