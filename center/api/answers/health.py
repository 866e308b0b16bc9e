"""Whether it runs, and who asks."""

from center.api.answers.base import Answer


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
