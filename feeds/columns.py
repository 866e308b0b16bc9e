"""Somebody's own table or JSON to posts: which column is what.

A mapping never refuses a row: what a row lacks, its post lacks, and the worker says so.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, timezone
from types import MappingProxyType
from typing import Any

import msgspec
import orjson

from feeds.source import FeedError
from schemas.post import Source
from sources.refusals import InvalidPost
from sources.times import created_ms

FIELDS = (
    *("id", "text", "created_at", "author_id", "author", "followers", "app"),
    *("original_id", "original_text", "original_author_id", "original_author"),
)
NEEDED = ("id", "text", "created_at")
FILE_NAME = "~file"
"""Stands for a column with the file's name, where that is a number: crawlers name files by user."""

Names = Mapping[str, tuple[str, ...]]
"""Field -> columns that hold it; the first that a row fills counts."""
Fields = dict[str, Any]


class Columns(msgspec.Struct, frozen=True, kw_only=True):
    """Whose posts are made, and of which columns."""

    source: Source
    names: Names
    zone: timezone = UTC
    """Of times that name none; for `Source.LEIMO`, as Weibo's own are those of Beijing."""

    def row_reader(self, header: Sequence[str], file_stem: str) -> Callable[[Sequence[str]], bytes]:
        """A function from a row of a table to a post.

        Raises:
            FeedError: the table has no column for one of `NEEDED`.
        """
        columns = [name.strip() for name in header]
        places: dict[str, list[int]] = {}
        for field, names in self.names.items():
            places[field] = [columns.index(name) for name in names if name in columns]
        for field in NEEDED:
            if not places.get(field):
                shown = ", ".join(column[:40] for column in columns[:40])
                raise FeedError(
                    f"{field}: the table has none of the columns "
                    f"{', '.join(self.names.get(field, ())) or '(no column was named)'}; it has: "
                    f"{shown}. Name it with --map {field}=COLUMN, or choose another --as"
                )
        by_file = file_stem if file_stem.isdecimal() else ""

        def post_of(row: Sequence[str]) -> bytes:
            fields: Fields = {}
            for field, candidates in places.items():
                for place in candidates:
                    # weibo-crawler puts a tab after ids, so that Excel keeps all digits.
                    if place < len(row) and (value := row[place].strip()):
                        fields[field] = value
                        break
            if by_file and "author_id" not in fields and FILE_NAME in self.names["author_id"]:
                fields["author_id"] = by_file
            return self._encoded(fields)

        return post_of

    def of_json(self, value: bytes) -> bytes:
        """The post of a JSON object; other bytes as they are, for the worker to name.

        >>> mine = columns_of("id=mid,text=body.zh,created_at=at")
        >>> mine.of_json(b'{"mid":7,"body":{"zh":"hi"},"at":1700000000}')
        b'{"id":7,"text":"hi","created_at":1700000000}'
        """
        try:
            given = orjson.loads(value)
        except ValueError:
            return value
        if not isinstance(given, dict):
            return value
        fields: Fields = {}
        for field, names in self.names.items():
            for name in names:
                found = _at(given, name)
                if found is not None and found != "":
                    fields[field] = found
                    break
        return self._encoded(fields)

    def _encoded(self, fields: Fields) -> bytes:
        post = _weibo(fields) if self.source is Source.WEIBO else _leimo(fields, self.zone)
        try:
            return orjson.dumps(post)
        except TypeError:  # half a surrogate pair, or a number beyond 64 bits
            return msgspec.json.encode(_clean(post))


def _at(given: dict[str, Any], name: str) -> Any:
    if name in given:
        return given[name]
    found: Any = given
    for step in name.split("."):
        if not isinstance(found, dict):
            return None
        found = found.get(step)
    return found


def _weibo(fields: Fields) -> Fields:
    original = _present(
        id=fields.get("original_id"),
        text=fields.get("original_text"),
        user=_present(
            id=fields.get("original_author_id"), screen_name=fields.get("original_author")
        ),
    )
    return (
        _present(
            id=fields.get("id"),
            text=fields.get("text"),
            created_at=fields.get("created_at"),
            source=fields.get("app"),
            user=_present(
                id=fields.get("author_id"),
                screen_name=fields.get("author"),
                followers_count=fields.get("followers"),
            ),
            retweeted_status=original,
        )
        or {}
    )


def _leimo(fields: Fields, zone: timezone) -> Fields:
    at = fields.get("created_at")
    if zone != UTC and isinstance(at, str):
        with suppress(InvalidPost):  # the worker says what is wrong with it
            at = created_ms(at, zone)
    return (
        _present(
            id=fields.get("id"),
            text=fields.get("text"),
            created_at=at,
            author=_present(
                id=fields.get("author_id"),
                name=fields.get("author"),
                followers=fields.get("followers"),
            ),
            is_repost=True if fields.get("original_id") else None,
        )
        or {}
    )


def _present(**fields: Any) -> Fields | None:
    return {key: value for key, value in fields.items() if value is not None} or None


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {_clean(key): _clean(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_clean(inner) for inner in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return value


def columns_of(text: str, source: Source = Source.LEIMO, zone: timezone = UTC) -> Columns:
    """What `--map` says: `field=column,field=column`; `a|b` takes the first that is filled.

    Raises:
        FeedError: a field that does not exist, or one of `NEEDED` that is not mapped.
    """
    names: dict[str, tuple[str, ...]] = {}
    for pair in text.split(","):
        field, sign, columns = pair.partition("=")
        field = field.strip()
        if field not in FIELDS or not sign or not columns.strip():
            raise FeedError(
                f"--map {pair!r}: is no FIELD=COLUMN; the fields are {', '.join(FIELDS)}"
            )
        names[field] = tuple(name.strip() for name in columns.split("|"))
    for field in NEEDED:
        if field not in names:
            raise FeedError(f"--map: {field} is missing; add {field}=COLUMN")
    if source not in (Source.LEIMO, Source.WEIBO):
        raise FeedError(f"--map makes posts of leimo or weibo, not of {source.value}")
    return Columns(source=source, names=MappingProxyType(names), zone=zone)


def _crawler(text: str) -> Columns:
    return columns_of(text, Source.WEIBO)


CRAWLERS: Mapping[str, Columns] = MappingProxyType(
    {
        "weibo-crawler": _crawler(
            f"id=id,text=正文,created_at=完整日期|日期,author_id=用户id|{FILE_NAME},"
            "author=用户昵称,app=工具,original_id=源微博id,original_text=源微博正文,"
            "original_author_id=源用户id,original_author=源用户昵称"
        ),
        "weibo-search": _crawler(
            "id=id,text=微博正文,created_at=发布时间,author_id=user_id,author=用户昵称,"
            "app=发布工具,original_id=retweet_id"
        ),
        "weibospider": _crawler(
            f"id=微博id,text=微博正文,created_at=发布时间,author_id=用户id|{FILE_NAME},"
            "author=发布者昵称|用户昵称,followers=发布者粉丝数,app=发布工具"
        ),
        "mediacrawler": _crawler(
            "id=note_id,text=content,created_at=create_time|create_date_time,"
            "author_id=user_id,author=nickname"
        ),
    }
)
"""The tables of the usual crawlers: dataabc's weibo-crawler, weibo-search and weiboSpider, and
MediaCrawler (tables, and its JSON)."""
