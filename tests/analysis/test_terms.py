from analysis.terms import MAX_TERMS, content_words, top_terms


def test_terms_are_content_words_in_order() -> None:
    tokens = ["我们", "的", "手机", "很", "好看", " ", "666", "，", "battery", "the", "3g"]
    assert [word for word, _, _ in content_words("".join(tokens), tokens)] == [
        "手机",
        "好看",
        "battery",
        "3g",
    ]


def test_hashtags_stand_for_the_words_in_them() -> None:
    tokens = ["#", "小米", "发布会", "#", "精彩"]
    assert content_words("#小米发布会#精彩", tokens) == [("#小米发布会", 0, 7), ("精彩", 7, 9)]


def test_open_hashtags_end_with_the_word() -> None:
    assert content_words("nice #launch day", ["nice", " ", "#", "launch", " ", "day"]) == [
        ("nice", 0, 4),
        ("#launch", 5, 12),
        ("day", 13, 16),
    ]


def test_terms_come_once_and_are_at_most_twelve() -> None:
    content = [(f"词{number % 20}", number, number + 1) for number in range(40)]
    assert top_terms(content, frozenset(), []) == tuple(f"词{n}" for n in range(MAX_TERMS))


def test_the_brand_itself_is_no_term() -> None:
    content = [("#小米", 0, 4), ("小米", 4, 6), ("茑屋", 6, 8), ("书店", 8, 10), ("书店", 12, 14)]
    assert top_terms(content, frozenset({"小米"}), [(6, 10)]) == ("书店",)
