"""Tables of crawlers and mappings: the posts that are made of them are read as they were meant."""

import csv
import io
from datetime import timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.columns import CRAWLERS, FIELDS, Columns, columns_of
from feeds.source import FeedError
from schemas.post import Post, Source
from sources.parsing import InvalidPost, parse

NOW_MS = 1_800_000_000_000
CHINA = timezone(timedelta(hours=8))
WEIBO_CRAWLER = (
    "id,bid,正文,头条文章url,原始图片url,视频url,位置,日期,工具,点赞数,评论数,转发数,话题,@用户,完整日期,"
    "是否原创,源用户id,源用户昵称,源微博id,源微博bid,源微博正文"
)
WEIBO_SEARCH = (
    "id,bid,user_id,用户昵称,微博正文,头条文章url,发布位置,艾特用户,话题,转发数,评论数,点赞数,发布时间,发布工具,"
    "微博图片url,微博视频url,retweet_id"
)
WEIBOSPIDER = (
    "微博id,微博正文,头条文章url,原始图片url,微博视频url,发布位置,"
    "发布时间,发布工具,点赞数,转发数,评论数"
)
MEDIACRAWLER = (
    "note_id,content,create_time,create_date_time,liked_count,comments_count,shared_count,"
    "last_modify_ts,note_url,ip_location,user_id,nickname,gender,profile_url,avatar,source_keyword"
)


def read(crawler: str, header: str, cells: dict[str, str], stem: str = "1669879400") -> Post:
    """The post of a row, as the worker reads it."""
    columns, names = CRAWLERS[crawler], header.split(",")
    post_of = columns.row_reader(names, stem)
    return parse(columns.source, post_of([cells.get(name, "") for name in names]), NOW_MS)


def test_a_row_of_weibo_crawler_is_a_post_with_its_original() -> None:
    post = read(
        "weibo-crawler",
        WEIBO_CRAWLER,
        {
            "id": "4837583214213\t", "正文": "转发微博", "日期": "2022-11-18",
            "工具": "iPhone客户端",
            "完整日期": "2022-11-18 10:20:30", "源微博id": "4837\t", "源微博正文": "小米手机真好用",
            "源用户id": "77", "源用户昵称": "某人",
        },
    )  # fmt: skip
    assert (post.id, post.author.id, post.app) == ("4837583214213", "1669879400", "iPhone客户端")
    assert post.event_time_ms == 1668738030000  # 10:20:30 in Beijing
    assert post.quoted is not None
    assert (post.quoted.id, post.quoted.text) == ("4837", "小米手机真好用")
    assert post.quoted.author.id == "77"


def test_rows_of_the_other_crawlers_are_posts() -> None:
    found = read(
        "weibo-search",
        WEIBO_SEARCH,
        {
            "id": "48",
            "user_id": "9",
            "用户昵称": "甲",
            "微博正文": "华为",
            "发布时间": "2023-02-03 08:09",
        },
    )
    assert (found.id, found.author.name, found.text) == ("48", "甲", "华为")
    assert found.event_time_ms == 1675382940000
    spider = read(
        "weibospider",
        WEIBOSPIDER,
        {"微博id": "Hv4KjEt8w", "微博正文": "华为", "发布时间": "2019-06-20 10:48"},
    )
    assert (spider.id, spider.author.id) == ("Hv4KjEt8w", "1669879400")
    media = read(
        "mediacrawler",
        MEDIACRAWLER,
        {"note_id": "51", "content": "苹果", "create_time": "1668738030", "user_id": "3"},
    )
    assert (media.id, media.author.id, media.event_time_ms) == ("51", "3", 1668738030000)


def test_a_file_that_is_not_named_by_a_user_gives_no_author() -> None:
    cells = {"微博id": "1", "微博正文": "华为", "发布时间": "2019-06-20 10:48"}
    assert read("weibospider", WEIBOSPIDER, cells, stem="results").author.id == ""


@pytest.mark.parametrize("crawler", CRAWLERS)
def test_a_table_of_something_else_is_refused_with_its_columns(crawler: str) -> None:
    with pytest.raises(FeedError, match=r"none of the columns .*it has: a, b.*--map"):
        CRAWLERS[crawler].row_reader(["a", "b"], "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id=a,text=b", "created_at is missing"),
        ("id=a,text=b,created_at=c,colour=d", "colour=d"),
        ("id=a,text,created_at=c", "'text'"),
        ("", "no FIELD=COLUMN"),
    ],
)
def test_a_wrong_mapping_is_named(text: str, said: str) -> None:
    with pytest.raises(FeedError, match=said):
        columns_of(text)


def test_json_fields_are_found_by_path_and_times_get_their_zone() -> None:
    mine = columns_of(
        "id=post.id,text=body,created_at=at,author_id=user.id|uid,author=user.name", zone=CHINA
    )
    value = (
        '{"post":{"id":7},"body":"小米","at":"2026-01-02 08:00:00","uid":"u","user":{"name":"n"}}'
    )
    post = parse(Source.LEIMO, mine.of_json(value.encode()), NOW_MS)
    assert (post.id, post.text, post.author.id, post.author.name) == ("7", "小米", "u", "n")
    assert post.event_time_ms == 1767312000000  # midnight in Greenwich


@pytest.mark.parametrize("value", [b"no JSON", b"[1]", b"7", b'"x"', b"\xff"])
def test_what_is_no_object_is_left_for_the_worker_to_name(value: bytes) -> None:
    assert columns_of("id=a,text=b,created_at=c").of_json(value) == value


@given(st.lists(st.text(max_size=30), min_size=len(FIELDS), max_size=len(FIELDS)))
def test_any_row_is_json_and_nothing_but_a_post_or_a_refusal(cells: list[str]) -> None:
    for source in (Source.WEIBO, Source.LEIMO):
        mapping = columns_of(",".join(f"{field}={field}" for field in FIELDS), source, CHINA)
        value = mapping.row_reader(FIELDS, "x")(cells)
        assert isinstance(msgspec.json.decode(value), dict)
        try:
            parse(source, value, NOW_MS)
        except InvalidPost:
            continue


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=5) | st.integers() | st.none()))
def test_any_object_is_mapped_to_json(fields: dict[str, object]) -> None:
    names = list(fields)[:3] or ["a"]
    mapping: Columns = columns_of("id=id,text=text,created_at=at")
    renamed = dict(zip(("id", "text", "at"), (fields.get(name) for name in names), strict=False))
    assert isinstance(msgspec.json.decode(mapping.of_json(msgspec.json.encode(renamed))), dict)


def test_the_headers_of_these_tests_are_what_a_csv_reader_gives() -> None:
    for header in (WEIBO_CRAWLER, WEIBO_SEARCH, WEIBOSPIDER, MEDIACRAWLER):
        assert next(csv.reader(io.StringIO(header))) == header.split(",")
