"""What a demo says at its end of the records that were no posts: how many, why, where to look."""

import math
import shlex
from collections.abc import Sequence
from pathlib import Path

from kafka_io.dead_letter_replay import Reasons
from schemas.post import Source

MAX_DETAIL = 160


def report(
    reasons: Reasons, read: float, files: Sequence[Path], source: Source, broker: str | None
) -> list[str]:
    """Lines for a person; none where nothing was refused.

    `read`: how many records the workers read, infinite where they do not say. `files`: what was
    replayed. `broker`: the address of one that outlives the demo.

    >>> from kafka_io.dead_letter_replay import Reasons
    >>> from schemas.dead_letter import DropReason
    >>> reasons = Reasons()
    >>> reasons.add(DropReason.BAD_TIME, "created_at: 'soon' is no time")
    >>> print("\\n".join(report(reasons, 20, [Path("a.ndjson")], Source.WEIBO, None)))
    1 of 20 records was refused, as no post:
      1 bad_time, such as: created_at: 'soon' is no time
    each line with what is wrong with it: leimo analyse --source weibo a.ndjson
    """
    refused = reasons.counts.total()
    if not refused:
        return []
    of_all = f" of {int(read):,}" if math.isfinite(read) and read >= refused else ""
    were, posts = ("was", "no post") if refused == 1 else ("were", "no posts")
    lines = [f"{refused:,}{of_all} records {were} refused, as {posts}:"]
    for reason, count in reasons.counts.most_common():
        detail = reasons.examples[reason]
        short = detail if len(detail) <= MAX_DETAIL else f"{detail[:MAX_DETAIL]}…"
        lines.append(f"  {count:,} {reason.value}, such as: {short}")
    if broker is not None:
        lines.append(f"they are kept in posts.dead: leimo dead list --broker {broker}")
    look = f"each line with what is wrong with it: leimo analyse --source {source.value}"
    return lines + [f"{look} {shlex.quote(str(file))}" for file in files]
