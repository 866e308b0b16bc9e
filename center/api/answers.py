"""The shapes of the API's answers. Times are integers: milliseconds since 1970 UTC."""

from pydantic import BaseModel, ConfigDict

from schemas.action import ActionKind, ActionSubject
from schemas.alert import AlertState
from schemas.delivery import Outcome, Reason
from schemas.feed import FeedState, GapReason
from schemas.mention import Channel, Objective, Place, Polarity, SpamSign
from views.doings import PostState


class Answer(BaseModel):
    """What all of them share."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Problem(Answer):
    """What went wrong, as RFC 9457 says it: `application/problem+json`."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    """What is wrong with which value, and the mend."""
    key: str = ""
    """The parameter or field that is meant."""


class Health(Answer):
    status: str
    """`ok`, `behind` (data are older than two minutes), `filling` (a demo's past) or `empty`."""
    data_age_s: float | None
    """Since the end of the newest closed minute, or of the oldest partition that has posts of
    older minutes which are not closed; null: there are none."""
    held_by_partition: int | None
    """That partition of `mentions`; null: none is behind the others."""
    filling_percent: int | None
    """How much of a demo's simulated past is filled in; null: none is being filled in."""
    version: str


class Me(Answer):
    who: str
    role: str
    """`viewer`, `operator` or `admin`."""
    brands: list[str] | None
    """Ids of the brands that may be seen; null: all."""
    csrf: str


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
    intents: dict[Objective, int] = {}
    net_sentiment: float | None = None
    """100 · (positive − negative) / (positive + negative); null: nobody took sides."""


class Expected(Answer):
    """What was expected over a span, spam and bursts of single accounts left out."""

    posts: float
    limit: float | None
    """From so many posts on an hour is a spike."""


class BrandLine(Answer):
    """A brand in a list."""

    id: str
    name: str
    aliases: list[str]
    trade: str
    parent: str
    group: str
    """Id of the topmost brand that it is a product line of; of others its own."""
    department: str
    severity: int
    """Of its worst open alert that is not silenced; 0: none."""
    posts_1h: int
    """Of the last closed hour, or, where an open alert saw more in minutes since, so many."""
    expected_1h: float | None
    unusual: float | None
    """Where posts stand between what is expected (0) and where a spike begins (1)."""
    negative_1h: int
    net_sentiment_1h: float | None
    open_alerts: int


class Brands(Answer):
    items: list[BrandLine]
    next: str | None
    total: int


class BrandPage(BrandLine):
    """One brand."""

    competitors: list[str]
    hour: Counts
    day: Counts
    expected_hour: Expected | None
    alerts: list["AlertAnswer"]
    """Those that fire."""


class Series(Answer):
    brand: str
    key: str
    """Of the division: a channel, objective, polarity or place; empty without one."""
    columns: list[str]
    points: list[list[int]]
    """One row a step, values as `columns` say; without gaps, 0 where no post came."""


class Gap(Answer):
    feed: str
    from_ms: int
    to_ms: int
    reason: GapReason
    detail: str
    at_ms: int


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


class MentionAnswer(Answer):
    id: str
    """Brand, `~`, partition, `~`, offset."""
    brand: str
    at_ms: int
    polarity: Polarity
    sentiment_milli: int
    is_repost: bool
    channel: Channel
    reach: int
    author: str
    post: str
    source: str
    subject: str
    """What actions on this post are about: source, `/`, id."""
    url: str | None
    """Where the post stands, as far as the source's ids tell."""
    text: str
    is_deleted: bool
    """Taken back by its author: it counts, and that is all."""
    terms: list[str]
    place: Place
    confidence_milli: int
    is_address: bool
    is_edit: bool
    product: str
    intents: list[Objective]
    spam: list[SpamSign]
    language: str
    original_author: str
    is_newcomer: bool
    region: str


class Mentions(Answer):
    items: list[MentionAnswer]
    next: str | None
    total: int
    """Of mentions that match, up to 100,000."""
    total_is_exact: bool
    counted: int | None
    """What windows count for the same brands, span, channel, polarity or objective; null: windows
    cannot tell."""
    why: str
    """Where `total` and `counted` differ: why. Else empty."""


class TermLine(Answer):
    term: str
    posts: float
    usual: float | None
    score: float | None
    """How surely its share rose; null: not known for this span."""
    negative: int | None


class Terms(Answer):
    top: list[TermLine]
    rising: list[TermLine]
    rising_at_ms: int | None
    """Until when `rising` tells: it is of the newest hours, whatever span was asked for."""
    of_posts: int
    """So many of the newest posts of the span were looked at for `top`."""


class AuthorLine(Answer):
    author: str
    source: str
    posts: int
    reach: int
    reposts_caused: int
    negative: int


class Authors(Answer):
    items: list[AuthorLine]


class RegionLine(Answer):
    region: str
    """Province, as the source writes it; empty: not told."""
    posts: int
    positive: int
    negative: int


class Regions(Answer):
    items: list[RegionLine]


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
    """In percent, or in points; null: before were none, or fewer than ten posts or followers."""
    """Relative, in percent; of points and percents the difference; null: not to be told."""


class Kpis(Answer):
    brand: str
    from_ms: int
    to_ms: int
    items: list[Kpi]
    objectives: dict[Objective, int]


class Repost(Answer):
    author: str
    at_ms: int
    reach: int
    post: str
    text: str
    polarity: Polarity
    original: str
    """Id of the post that was passed on, where the source tells."""
    depth: int
    """How many passed it on before, as far as the text shows; 0: from the original."""


class Cascade(Answer):
    """Who passed on what an account wrote. Texts show how many passed it on before, and sources do
    not tell whose repost was passed on: reposts have a level, and no parent."""

    source: str
    original: str
    """The account."""
    reach: int
    reposts: list[Repost]
    total: int


class TermCount(Answer):
    term: str
    count: int


class SampleAnswer(Answer):
    post: str
    source: str
    author: str
    text: str
    reach: int
    sentiment_milli: int
    event_time_ms: int
    url: str
    """Link to it; empty where none is known."""
    is_deleted: bool


class EvidenceAnswer(Answer):
    horizon_min: int
    posts: int
    authors: int
    reach: int
    probability: float
    reposts: int
    copies: int
    newcomers: int
    spam: int
    bursts: int
    owned: int
    paid: int
    earned: int
    intents: dict[Objective, int]
    regions: dict[str, int]
    negative_before: float | None
    negative_now: float | None
    positive_before: float | None
    positive_now: float | None
    expected_burst: str
    """Id of the day of big sales on which it began."""


class ActionAnswer(Answer):
    id: str
    at_ms: int
    who: str
    kind: ActionKind
    on: ActionSubject
    subject: str
    via: str
    brand: str
    assignee: str
    department: str
    until_ms: int | None
    note: str
    before: str
    """Of a definition that was changed or removed: what it was, as `PUT` takes it; `null`: there
    was none; empty: it was not kept."""


class AlertAnswer(Answer):
    id: str
    fingerprint: str
    rule: str
    kind: str
    brand: str
    brand_name: str
    state: AlertState
    revision: int
    severity: int
    started_at_ms: int
    updated_at_ms: int
    ended_at_ms: int | None
    seen: float
    expected: float
    unit: str
    reason: str
    reason_zh: str
    """The same in Chinese; for kinds of rules of your own, as in `reason`."""
    department: str
    parent: str
    incident: str
    silenced_by: str
    evidence: EvidenceAnswer
    terms: list[TermCount]
    samples: list[SampleAnswer]
    acknowledged_by: str
    assignee: str
    is_false_alarm: bool


class Alerts(Answer):
    items: list[AlertAnswer]
    next: str | None


class AlertPage(AlertAnswer):
    """One alert, with all that was done about it and the others of its incident."""

    actions: list[ActionAnswer]
    others: list[AlertAnswer]


class Incident(Answer):
    """Alerts that tell of one event, under the alert that is their head."""

    id: str
    head: AlertAnswer
    alerts: int
    brands: list[str]
    severity: int
    state: AlertState
    started_at_ms: int
    ended_at_ms: int | None
    acknowledged_by: str
    assignee: str
    actions: list[ActionAnswer]


class Incidents(Answer):
    items: list[Incident]
    next: str | None


class WallBrand(BrandLine):
    minutes: list[int]
    """Posts of the last 60 closed minutes, the oldest first."""
    level_a_minute: float | None


class Wall(Answer):
    at_ms: int
    closed_until_ms: int
    data_age_s: float | None
    held_by_partition: int | None = None
    """As in `Health`."""
    filling_percent: int | None = None
    groups: list[str]
    """Trades with brands, to rotate through."""
    group: str
    brands: list[WallBrand]
    incidents: list[Incident]
    feeds: list["Feed"]
    gaps: list[Gap]


class EngagePost(Answer):
    mention: MentionAnswer
    state: PostState
    who: str
    """Who took or answered it, or said that it needs no answer."""
    at_ms: int | None
    """When."""
    department: str
    answered_after_s: float | None
    actions: list[ActionAnswer]


class DepartmentTime(Answer):
    department: str
    answered: int
    median_s: float | None
    open: int


class Engage(Answer):
    items: list[EngagePost]
    next: str | None
    departments: list[DepartmentTime]


class Actions(Answer):
    items: list[ActionAnswer]


class SilenceAnswer(Answer):
    id: str
    reason: str
    since_ms: int | None
    until_ms: int
    brands: list[str]
    rules: list[str]
    by: str


class Silences(Answer):
    items: list[SilenceAnswer]


class DefinitionAnswer(Answer):
    kind: str
    id: str
    value: dict[str, object]
    """Its fields, as in a catalogue file."""


class Definitions(Answer):
    items: list[DefinitionAnswer]


class FindingAnswer(Answer):
    level: str
    """`error`, `warning` or `note`."""
    line: int
    column: int
    key: str
    message: str
    """What is wrong, and the mend."""


class Check(Answer):
    is_valid: bool
    findings: list[FindingAnswer]


class Fired(Answer):
    brand: str
    rule: str
    started_at_ms: int
    ended_at_ms: int | None
    severity: int
    reason: str
    reason_zh: str


class Preview(Answer):
    """What a rule would have raised on the mentions that are held."""

    from_ms: int
    to_ms: int
    times: int
    fired: list[Fired]
    posts: int
    """So many mentions were looked at."""


class Feed(Answer):
    feed: str
    state: FeedState
    endpoint: str
    at_ms: int
    event_time_ms: int
    posts: int
    posts_per_s: float
    started_at_ms: int
    age_s: float


class Feeds(Answer):
    items: list[Feed]


class Gaps(Answer):
    items: list[Gap]


class AttemptAnswer(Answer):
    at_ms: int
    status: int
    reason: Reason
    detail: str
    part: int


class DeliveryAnswer(Answer):
    subscriber: str
    channel: str
    alert: str
    brand: str
    revision: int
    outcome: Outcome
    reason: Reason
    in_words: str
    item: str
    """Of what is no alert: who has it, or a digest."""
    at_ms: int
    told_at_ms: int
    told_revision: int
    failures: int
    repeats: int
    attempts: list[AttemptAnswer]


class Deliveries(Answer):
    items: list[DeliveryAnswer]


class WhyNot(Answer):
    """One subscriber and one alert: what was told, or why nothing was."""

    subscriber: str
    delivery: DeliveryAnswer | None
    reason: Reason
    in_words: str


class Explained(Answer):
    alert: str
    items: list[WhyNot]


class WindowTold(Answer):
    """A closed minute, in events of kind `window`."""

    brand: str
    start_ms: int
    revision: int
    posts: int
    positive: int
    negative: int


class WindowEvent(Answer):
    """Event `window`: closed minutes, several at once."""

    windows: list[WindowTold]


class AlertEvent(Answer):
    """Event `alert`: a state of an alert."""

    id: str
    incident: str
    brand: str
    kind: str
    state: AlertState
    revision: int
    severity: int
    reason: str
    department: str
    started_at_ms: int
    silenced_by: str


class ActionEvent(ActionAnswer):
    """Event `action`: what somebody did."""


class TrendEvent(Answer):
    """Event `trend`: a brand's words changed."""

    brand: str
    at_ms: int
    rising: list[str]


class GapEvent(Gap):
    """Event `gap`: a stretch that a feed could not give."""


class HealthEvent(Answer):
    """Event `health`, every ten seconds."""

    now_ms: int
    closed_until_ms: int
    data_age_s: float | None
    held_by_partition: int | None = None
    filling_percent: int | None = None
    version: str


class ActionWanted(BaseModel):
    """Body of `POST /api/actions`."""

    model_config = ConfigDict(extra="forbid")

    kind: ActionKind
    on: ActionSubject
    subject: str
    brand: str = ""
    assignee: str = ""
    department: str = ""
    until_ms: int | None = None
    note: str = ""


class SilenceWanted(BaseModel):
    """Body of `POST /api/silences`."""

    model_config = ConfigDict(extra="forbid")

    brands: list[str] = []
    rules: list[str] = []
    since_ms: int | None = None
    until_ms: int
    reason: str


class CheckWanted(BaseModel):
    """Body of `POST /api/definitions/check`: one definition, as `value` of an answer."""

    model_config = ConfigDict(extra="forbid")

    kind: str
    id: str
    value: dict[str, object]


class PreviewWanted(BaseModel):
    """Body of `POST /api/definitions/preview`."""

    model_config = ConfigDict(extra="forbid")

    rule: dict[str, object]
    brand: str
    days: int = 7
