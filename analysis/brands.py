"""Where the names of brands stand in a text: thousands of them in one pass.

1. Fold the text and find every alias in it, in traditional and simplified characters, overlaps
   included (Aho-Corasick, daachorse). A brand's accounts are looked for as handles (`@小米公司`),
   the tags of its campaigns as hashtags.
2. Most texts are done here. Of the others, blank handles, URLs and [emoticons].
3. Drop aliases that begin or end within a word: for letters and digits a neighbour of their
   kind, for Han characters no token edge. Beside punctuation that is known without tokens.
4. Of those that overlap, the leftmost and longest stays: 小米粥 hides 小米.

```
 text      在小米之家买的小米粥        aliases 小米, 小米之家, 小米粥
 found       小米······小米            小米之家, 小米粥 too
 stay        └小米之家┘  └小米粥┘
```
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import IntEnum
from itertools import accumulate, chain, product
from typing import NamedTuple

import daachorse

from analysis.accents import ACCENTED, unaccented
from analysis.han_forms import simplified, spelled_both_ways
from analysis.tokens import Tokenizer, edges
from schemas.catalogue import Brand
from sources import words

MIN_TRUSTED_HAN = 4
"""Aliases of so many Han characters need no token edges: tokenizers split them as they please,
and they hardly ever come about by chance."""

MIN_NUMBERED_LETTERS = 4
"""Names of so many letters may be followed by a number (iPhone5): they are no part of a word."""

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0002ffff"
_IS_HAN = re.compile(f"[{_HAN}]")
_ALL_HAN = re.compile(f"[{_HAN}]+")
_GAP_SIGN = "[ \u3000·•・\\-_\u200b-\u200d\ufe0f\U0001f000-\U0001faff]"
# Begins with the sign, and not with what stands before it: so `re` skips to the next one.
_SPLIT = re.compile(f"{_GAP_SIGN}(?<=[{_HAN}].){_GAP_SIGN}{{0,3}}(?=[{_HAN}])")
MIN_SPLIT_HAN = 3
"""Shorter names are not looked for across gaps: 我小 米饭 is no 小米."""
_SEPARATORS = ("", " ", "-", "·")
_RARE_SEPARATORS = ("_", "•", "・", "\u3000", "\xa0", "‐", "‑", "‒", "–", "—", "−")
"""Wide and narrow spaces, and the hyphens, dashes and minus of Unicode."""
_APOSTROPHES = ("'", "’", "‘", "ʼ", "′", "´", "`", "&#39;", "&apos;", "")
_APOSTROPHE = re.compile("['’‘ʼ′´`＇]")
MIN_BARE_LETTERS = 4
"""Names of so many letters are found without their apostrophe too (Lays)."""
_AMPERSANDS = ("&", "&amp;", " & ")
_GAP = re.compile(rf"[ \-{''.join(_RARE_SEPARATORS[1:])}·_]+|(?<=[a-z]{{2}})(?=\d)")
MAX_NAMES = 1_000
"""Names looked at in a text, the first ones; what names more is no prose."""
MAX_HITS = 2 * MAX_NAMES
"""Names, those within others too, that are found before the longest of them are chosen."""
MAX_JOINED = 1 << 15
"""Code points that are looked at in one pass: what is found in them takes memory."""
MAX_FREE_GAPS = 2
"""Names with more gaps get the same separator in all of them."""


class Kind(IntEnum):
    """How a pattern names a brand."""

    NAME = 0
    ACCOUNT = 1
    """A handle: the post is addressed to the brand."""
    CAMPAIGN = 2
    """A hashtag of a campaign."""


class Target(NamedTuple):
    """A brand that a pattern names, and the name as the catalogue writes it."""

    brand: int
    alias: str
    kind: Kind = Kind.NAME


class Hit(NamedTuple):
    """A pattern in a text: code points, end exclusive."""

    start: int
    end: int
    pattern: int


class Dropped(NamedTuple):
    """A pattern in a text that is no name there."""

    hit: Hit
    reason: str


class Found(NamedTuple):
    """What was found in a text, in order, without overlaps."""

    masked: str
    """The text, folded, masked and in simplified characters."""
    hits: Sequence[Hit]


def spellings(alias: str) -> Iterator[str]:
    """Folded spellings of an alias: its apostrophes, ampersands and gaps as people type them.

    A gap is a space, hyphen or middle dot, or stands between letters and a number.

    >>> sorted(spellings("iPhone 15"))[:4]
    ['iphone 15', 'iphone-15', 'iphone15', 'iphone_15']
    >>> list(spellings("7-11")), "可口可乐" in spellings("可口 可乐")
    (['7-11'], True)
    >>> {"loreal", "l’oreal"} <= set(spellings("L'Oréal")), "h&amp;m" in spellings("H&M")
    (True, True)
    """
    folded = unaccented(words.fold(alias).strip())
    yield folded
    told = {folded}
    for typed in _typed(folded):
        for spelling in (typed, *_with_other_gaps(typed)):
            if spelling not in told:
                told.add(spelling)
                yield spelling


def _typed(folded: str) -> Iterator[str]:
    """The name with other apostrophes, or none, and other ampersands."""
    yield folded
    if _APOSTROPHE.search(folded):
        for apostrophe in _APOSTROPHES:
            if apostrophe or sum(map(str.isalpha, folded)) >= MIN_BARE_LETTERS:
                yield _APOSTROPHE.sub(apostrophe, folded)
    if "&" in folded:
        for ampersand in _AMPERSANDS:
            yield re.sub(" ?&(?:amp;)? ?", ampersand, folded)


def _with_other_gaps(folded: str) -> Iterator[str]:
    parts = [part for part in _GAP.split(folded) if part]
    if len(parts) < 2 or not any(char.isalpha() for char in folded):
        return
    gaps = len(parts) - 1
    fillings: Iterable[tuple[str, ...]] = (
        product(_SEPARATORS, repeat=gaps)
        if gaps <= MAX_FREE_GAPS
        else ((separator,) * gaps for separator in _SEPARATORS)
    )
    for filling in chain(fillings, ((separator,) * gaps for separator in _RARE_SEPARATORS)):
        yield parts[0] + "".join(
            separator + part for separator, part in zip(filling, parts[1:], strict=True)
        )


class Matcher:
    """All names of a list of brands, ready to be found."""

    def __init__(self, brands: Sequence[Brand], tokenizer: Tokenizer) -> None:
        targets = _targets(brands)
        self.patterns = sorted(targets)
        self.targets = [tuple(targets[pattern].values()) for pattern in self.patterns]
        self._needs = [
            _needs(pattern) if named[0].kind is Kind.NAME else HANDLE
            for pattern, named in zip(self.patterns, self.targets, strict=True)
        ]
        # Wide and accented letters are patterns too: `lower()` alone does for texts without them,
        # and the one pass tells which those are. They stand in no pattern, so they hide none.
        self._find = daachorse.CharwiseDoubleArrayAhoCorasick(
            [*self.patterns, *words.WIDE, *ACCENTED]
        ).find_overlapping
        self._cut = tokenizer.cut

    def find(self, text: str) -> Found | None:
        """The names that stand in the text; None where there is none."""
        folded = text.lower()
        if len(folded) != len(text):
            folded = words.fold(text)
        matches = self._find(folded)
        if _SPLIT.search(folded):
            matches += self._across_gaps(folded)
        if not matches:
            return None
        return self._found(text, folded, matches, None)

    def find_many(self, texts: Sequence[str]) -> list[Found | None]:
        """What `find` finds in each text; one pass over many tells which of them name nothing."""
        found: list[Found | None] = [None] * len(texts)
        for some in _slices(texts):
            joined = words.BLANK.join(texts[some]).lower()
            ends = list(accumulate([len(text) + 1 for text in texts[some]]))
            if len(joined) + 1 == ends[-1]:
                places = [start for start, _, _ in self._find(joined)]
                places += [gap.start() for gap in _SPLIT.finditer(joined)]
                looked_at: Iterable[int] = {bisect_right(ends, place) for place in places}
            else:  # a letter grew: places cannot be told
                looked_at = range(len(ends))
            for at in looked_at:
                found[some.start + at] = self.find(texts[some.start + at])
        return found

    def candidates(self, text: str) -> tuple[Found, list[Dropped]]:
        """What `find` finds, and what it does not take for a name, with the reason."""
        folded = words.fold(text)
        dropped: list[Dropped] = []
        matches = self._find(unaccented(folded)) + self._across_gaps(folded)
        found = self._found(text, folded, matches, dropped)
        if found is None:
            found = Found(simplified(words.mask(folded)), ())
        for start, end, pattern in matches:
            hit = Hit(start, end, pattern)
            if pattern < len(self.patterns) and hit not in found.hits:
                hider = next((h for h in found.hits if h.start < end and start < h.end), None)
                if hider is not None and all(hit != drop.hit for drop in dropped):
                    dropped.append(Dropped(hit, f"{self.patterns[hider.pattern]} is longer"))
        return found, dropped

    def _across_gaps(self, folded: str) -> list[tuple[int, int, int]]:
        """Names of three Han characters and more with space, dots or emoji between (可口 可乐)."""
        squeezed = _SPLIT.sub("", folded)
        matches = [match for match in self._find(squeezed) if match[1] - match[0] >= MIN_SPLIT_HAN]
        if not matches or len(squeezed) == len(folded):
            return []
        kept: list[int] = []
        gaps: list[int] = []
        at = 0
        for gap in _SPLIT.finditer(folded):
            kept += range(at, gap.start())
            gaps.append(len(kept))
            at = gap.end()
        kept += range(at, len(folded))
        return [
            (kept[start], kept[end - 1] + 1, pattern)
            for start, end, pattern in matches
            if _is_any_within(gaps, start, end) and _ALL_HAN.fullmatch(squeezed, start, end)
        ]

    def _found(
        self,
        text: str,
        folded: str,
        matches: list[tuple[int, int, int]],
        dropped: list[Dropped] | None,
    ) -> Found | None:
        wide = len(self.patterns)
        if max([pattern for _, _, pattern in matches], default=0) >= wide:
            folded = words.fold(text)
            matches = [match for match in self._find(unaccented(folded)) if match[2] < wide]
            matches += self._across_gaps(folded)
        masked = simplified(words.mask(folded))
        runs = _Runs(masked, self._cut)
        hits = []
        for start, end, pattern in matches:
            reason = _refusal(folded, runs, start, end, self._needs[pattern])
            if not reason:
                hits.append(Hit(start, end, pattern))
                if len(hits) == MAX_HITS:
                    break
            elif dropped is not None:
                dropped.append(Dropped(Hit(start, end, pattern), reason))
        if not hits:
            return None
        return Found(masked, hits if len(hits) == 1 else _leftmost_longest(hits))


def _slices(texts: Sequence[str]) -> Iterator[slice]:
    """Neighbours that have `MAX_JOINED` code points together, or one more text than fits."""
    first = size = 0
    for at, text in enumerate(texts):
        size += len(text)
        if size > MAX_JOINED:
            yield slice(first, at + 1)
            first, size = at + 1, 0
    if first < len(texts):
        yield slice(first, len(texts))


def _is_any_within(places: Sequence[int], start: int, end: int) -> bool:
    """True where one of the places, in order, lies inside (start, end)."""
    at = bisect_right(places, start)
    return at < len(places) and places[at] < end


def _leftmost_longest(hits: list[Hit]) -> list[Hit]:
    kept: list[Hit] = []
    free_from = 0
    for hit in sorted(hits, key=lambda hit: (hit.start, -hit.end)):
        if hit.start >= free_from:
            kept.append(hit)
            free_from = hit.end
    return kept[:MAX_NAMES]


# What must hold at the ends of a pattern, as bits.
TOKEN_START, TOKEN_END, WORD_START, WORD_END, MAY_BE_NUMBERED = 1, 2, 4, 8, 16
TOKENS = TOKEN_START | TOKEN_END
_LOOSE = frozenset("车吧呐啊呢吗嘛啦哦呀呗咯哟")
"""Characters behind a name that a tokenizer may join to it."""
_BARS = frozenset("酒网贴氧书")
"""What makes a place of 吧: a bar, an internet café."""
HANDLE = 32
"""A handle or hashtag, which stands alone and is looked for before masking."""
_RUN_MARKS = frozenset("+#&._%-")
"""What tokenizers keep within a run of letters, digits and Han characters."""


_BETWEEN_RUNS = frozenset(
    words.BLANK + "\t\n\r !\"$'()*,/:;<=>?@[]~…—“”‘’、。《》【】！（），：；？～\u3000"
)
"""What stands in no run, and parts one from the next. Others do too, these are the commonest."""


def _needs(pattern: str) -> int:
    first, last = pattern[0], pattern[-1]
    han = len(_IS_HAN.findall(pattern))
    needs = 0
    if _is_word(first):
        needs |= WORD_START
    elif han < MIN_TRUSTED_HAN and _IS_HAN.match(first):
        needs |= TOKEN_START
    if _is_word(last):
        needs |= WORD_END
    elif han < MIN_TRUSTED_HAN and _IS_HAN.match(last):
        needs |= TOKEN_END
    letters = sum(map(str.isalpha, pattern)) - han
    if letters >= MIN_NUMBERED_LETTERS and not last.isdigit():
        needs |= MAY_BE_NUMBERED
    return needs


def _targets(brands: Sequence[Brand]) -> dict[str, dict[int, Target]]:
    """Pattern -> what it names, once a brand; names before accounts and campaigns."""
    spelled = [
        (spelling, Target(index, alias))
        for index, brand in enumerate(brands)
        for alias in (brand.name, *brand.aliases)
        for spelling in spellings(alias)
        if spelling and words.BLANK not in spelling
    ]
    forms = spelled_both_ways({spelling for spelling, _ in spelled})
    targets: dict[str, dict[int, Target]] = {}
    for spelling, target in spelled:
        for pattern in (spelling, *sorted(forms.get(spelling, ()))):
            targets.setdefault(pattern, {}).setdefault(target.brand, target)
    for index, brand in enumerate(brands):
        for kind, signs, listed in (
            (Kind.ACCOUNT, "@＠", brand.accounts),
            (Kind.CAMPAIGN, "#＃", brand.campaigns),
        ):
            for name in listed:
                bare = words.fold(name).strip(f"{signs} ")
                for pattern in (sign + bare for sign in signs):
                    if bare and pattern not in targets:
                        targets[pattern] = {}
                    if bare:
                        targets[pattern].setdefault(index, Target(index, name, kind))
    return targets


def _goes_on(text: str, start: int, end: int) -> bool:
    """True where the handle or hashtag at [start, end) is the beginning of a longer one.

    >>> _goes_on("@小米公司的", 0, 5), _goes_on("@小米公司 ", 0, 5), _goes_on("#小米节#", 0, 4)
    (True, False, False)
    """
    char = text[end]
    return (
        char.isalnum() or char in "_-·" if text[start] in "@＠" else char.isalnum() or char == "_"
    )


def _is_word(char: str) -> bool:
    """True for letters and digits of scripts that put space, or Han, between words."""
    return (char.isalnum() or char == "_") and not _IS_HAN.match(char)


class _Runs:
    """Where tokens begin and end around a place: only what stands there is cut."""

    def __init__(self, text: str, cut: Callable[[str], list[str]]) -> None:
        self.text = text
        self._cut = cut
        self._low = self._high = -1
        self._edges: set[int] = set()

    def edges(self, start: int, end: int) -> set[int]:
        """The edges of tokens within [start, end], and maybe others of the text."""
        if not self._low <= start <= end <= self._high:
            text, low, high = self.text, start, end
            size = len(text)
            while low and text[low - 1] not in _BETWEEN_RUNS:
                low -= 1
            while high < size and text[high] not in _BETWEEN_RUNS:
                high += 1
            self._low, self._high = low, high
            self._edges = edges(self._cut(text[low:high]), low)
        return self._edges


def _refusal(folded: str, runs: _Runs, start: int, end: int, needs: int) -> str:
    """Why a pattern at [start, end) is no name there; nothing where it is one."""
    masked = runs.text
    if needs == HANDLE:
        is_longer = end < len(folded) and _goes_on(folded, start, end)
        return "part of a longer handle or hashtag" if is_longer else ""
    if words.BLANK in masked[start:end]:
        return "masked: within a handle, link or emoticon"
    if _is_within_word(masked, start, end, needs):
        return "part of a longer word"
    if needs & TOKENS and _needs_tokens(masked, start, end, needs):
        known = runs.edges(start, end)
        if needs & TOKEN_START and start not in known:
            return "begins within a word"
        if (
            needs & TOKEN_END
            and end not in known
            and not (masked[end] in _LOOSE and _is_followed_loosely(masked, end, known))
        ):
            return "ends within a word"
    return ""


def _is_followed_loosely(masked: str, end: int, known: set[int]) -> bool:
    """True where the token goes on with a character alone that parts from any name.

    Tokenizers know 宝马车 as a word, and read 阿迪吧 as 阿 and 迪吧.
    """
    if end + 1 not in known:
        return False
    return masked[end] == "车" or masked[end - 1] not in _BARS


def _is_within_word(text: str, start: int, end: int, needs: int) -> bool:
    """True where a letter or digit at an end of the pattern goes on beyond it."""
    if needs & WORD_START and start and _is_word(text[start - 1]):
        return True
    if needs & WORD_END and end < len(text) and _is_word(text[end]):
        return not (needs & MAY_BE_NUMBERED and text[end].isdigit())
    return False


def _needs_tokens(text: str, start: int, end: int, needs: int) -> bool:
    """False where punctuation or the text's end beside the pattern is a token edge anyway."""
    if needs & TOKEN_START and start and _is_run(text[start - 1]):
        return True
    return bool(needs & TOKEN_END and end < len(text) and _is_run(text[end]))


def _is_run(char: str) -> bool:
    return char.isalnum() or char in _RUN_MARKS
