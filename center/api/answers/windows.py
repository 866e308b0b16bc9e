"""Figures of windows."""

from pydantic import Field

from center.api.answers.base import Answer
from center.api.answers.feeds import Gap
from schemas.mention import Objective


class Counts(Answer):
    """Sums of windows. `authors` and `texts` are upper bounds: distinct within a minute."""

    posts: int = 0
    originals: int = 0
    reposts: int = 0
    exposures: int = 0
    addresses: int = 0
    products: int = 0
    positive: int = 0
    neutral: int = 0
    negative: int = 0
    sentiment_milli: int = 0
    reach: int = 0
    authors: int = 0
    texts: int = 0
    owned: int = 0
    paid: int = 0
    earned: int = 0
    spam: int = 0
    bursts: int = 0
    edits: int = 0
    late: int = 0
    intents: dict[Objective, int] = Field(default_factory=dict)
    net_sentiment: float | None = None
    """100 · (positive − negative) / (positive + negative); null: nobody took sides."""


class Expected(Answer):
    """What was expected over a span, spam and bursts of single accounts left out."""

    posts: float
    limit: float | None
    """From so many posts on an hour is a spike."""


class Series(Answer):
    brand: str
    key: str
    """Of the division: a channel, objective, polarity or place; empty without one."""
    columns: list[str]
    points: list[list[int]]
    """One row a step, values as `columns` say; without gaps, 0 where no post came."""


class BandPoint(Answer):
    start_ms: int
    """Begin of an hour."""
    level: float
    """Posts expected a step."""
    limit: float | None
    """From so many posts a step on it is a spike, where that is known for a step so long."""


class Band(Answer):
    brand: str
    points: list[BandPoint]


class Windows(Answer):
    step_ms: int
    """Of days: 86,400,000, though days of a zone may be an hour longer or shorter."""
    from_ms: int
    to_ms: int
    zone: str
    series: list[Series]
    expected: list[Band]
    gaps: list[Gap]
    provisional_from_ms: int
    """What ends after it is not complete yet."""
    exact_from_ms: int
    """Before it minutes were dropped, and steps that are no whole hours of UTC would be empty."""


class SharePart(Answer):
    brand: str
    posts: int
    share: float | None
    net_sentiment: float | None
    points: list[list[int]]
    """`[start_ms, posts]` a step."""


class Share(Answer):
    step_ms: int
    posts: int
    parts: list[SharePart]


class Rhythm(Answer):
    zone: str
    posts: list[list[int]]
    """Seven weekdays from Monday, 24 hours each: posts in all."""
    hours: list[list[int]]
    """The same: how often that hour lies in the span."""


class Kpi(Answer):
    """One figure, against the span of the same length before."""

    name: str
    unit: str
    """`posts`, `percent`, `followers`, `minutes`, `alerts` or `points`."""
    value: float | None
    before: float | None
    change: float | None
    """Relative, in percent; of points and percents the difference; null: before were none, or fewer
    than ten. Also of all figures that are made of posts, where the brand had fewer than 30 posts
    before, or less than a hundredth of those of now."""


class Kpis(Answer):
    brand: str
    from_ms: int
    to_ms: int
    items: list[Kpi]
    objectives: dict[Objective, int]
