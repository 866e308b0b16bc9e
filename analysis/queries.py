"""Boolean queries over a text: what people write to say which posts they mean.

```
 (空调 OR 冰箱) AND NOT 雪          美的 NEAR/5 (好 OR 差)          "苹果 手机"
```

`NEAR/n` binds closest, then `NOT`, `AND` (or nothing between two words), `OR`. Operators are in
capitals; parentheses and quotation marks may be full-width. Words are looked for on the folded
and masked text; Latin ones have to be words of their own: `app` does not stand in `happy`.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from analysis.han_forms import simplified
from sources import words

Bounds = tuple[int, int]
"""A span of a text in code points, end exclusive."""
Places = Mapping[str, Sequence[Bounds]]
"""Word -> where it stands in a text; words that do not stand in it may be left out."""

MAX_LENGTH = 4_000
"""Code points of a query."""
MAX_DEPTH = 50
MAX_DISTANCE = 1_000


class QueryError(ValueError):
    """A query that cannot be read: what is wrong, the mend, and at which character."""

    def __init__(self, column: int, message: str) -> None:
        self.column = column
        """From 1, in code points of the query."""
        self.message = message
        super().__init__(f"column {column}: {message}")


class Word(NamedTuple):
    """A word or phrase, folded and in simplified characters."""

    word: str

    def holds(self, places: Places) -> bool:
        return bool(places.get(self.word))


class All(NamedTuple):
    """All parts hold."""

    parts: tuple["Query", ...]

    def holds(self, places: Places) -> bool:
        return all(part.holds(places) for part in self.parts)


class Either(NamedTuple):
    """At least one part holds."""

    parts: tuple["Query", ...]

    def holds(self, places: Places) -> bool:
        return any(part.holds(places) for part in self.parts)


class Not(NamedTuple):
    """The part does not hold."""

    part: "Query"

    def holds(self, places: Places) -> bool:
        return not self.part.holds(places)


class Near(NamedTuple):
    """A word of one side stands within `distance` code points of a word of the other."""

    left: tuple[str, ...]
    right: tuple[str, ...]
    distance: int

    def holds(self, places: Places) -> bool:
        left = {span for word in self.left for span in places.get(word, ())}
        right = {span for word in self.right for span in places.get(word, ())}
        if not left or not right:
            return False
        # In order, the nearest span before is the one that ends last: one pass for both sides.
        left_end = right_end = -self.distance - 1
        for span in sorted(left | right):
            start, end = span
            is_left, is_right = span in left, span in right
            if (is_left and start - right_end <= self.distance) or (
                is_right and start - left_end <= self.distance
            ):
                return True
            if is_left:
                left_end = max(left_end, end)
            if is_right:
                right_end = max(right_end, end)
        return False


Query = Word | All | Either | Not | Near


def parse(text: str) -> Query:
    """Read a query. Raises `QueryError`.

    >>> parse("手机 AND NOT (粥 OR 米饭)")
    All(parts=(Word(word='手机'), Not(part=Either(parts=(Word(word='粥'), Word(word='米饭'))))))
    >>> parse("手机 AND )")
    Traceback (most recent call last):
    analysis.queries.QueryError: column 8: a word is missing before `)`; add one, or remove `AND`
    """
    if len(text) > MAX_LENGTH:
        raise QueryError(MAX_LENGTH + 1, f"{len(text)} characters; at most {MAX_LENGTH} are read")
    return _Parser(text).query()


def words_of(query: Query) -> Iterator[str]:
    """Every word of a query, folded; some perhaps twice.

    >>> sorted(words_of(parse("A NEAR/3 (b OR c) NOT d")))
    ['a', 'b', 'c', 'd']
    """
    match query:
        case Word(word):
            yield word
        case Near(left, right, _):
            yield from (*left, *right)
        case Not(part):
            yield from words_of(part)
        case All(parts) | Either(parts):
            for part in parts:
                yield from words_of(part)


def can_hold_empty(query: Query) -> bool:
    """True where a text without any of the words fits: `NOT 雪` alone means nearly everything."""
    return query.holds({})


class _Token(NamedTuple):
    kind: str
    text: str
    column: int


_TOKENS = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<open>[(（])|(?P<close>[)）])"
    r"|(?P<phrase>\"[^\"]*\"|“[^”]*”|「[^」]*」)"
    r"|(?P<quote>[\"“”「」])"
    r"|(?P<word>[^\s()（）\"“”「」]+)"
)
_NEAR = re.compile(r"NEAR(?:/(\S*))?")
_END = "the end"


class _Parser:
    """Recursive descent, one method a level of binding."""

    def __init__(self, text: str) -> None:
        self._tokens = [*_tokens(text), _Token("end", _END, len(text) + 1)]
        self._at = 0
        self._depth = 0

    def query(self) -> Query:
        if self._next.kind == "end":
            raise QueryError(1, "the query is empty; write a word")
        query = self._either()
        if self._next.kind == "close":
            raise QueryError(self._next.column, f"`{self._next.text}` closes nothing; remove it")
        return query

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self) -> _Token:
        token = self._next
        self._at += 1
        return token

    def _either(self) -> Query:
        parts = [self._all()]
        while self._next.kind == "OR":
            self._take()
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _all(self) -> Query:
        parts = [self._not()]
        while self._next.kind not in ("OR", "close", "end"):
            if self._next.kind == "AND":
                self._take()
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _not(self) -> Query:
        if self._next.kind == "NOT":
            self._take()
            return Not(self._nested(self._not))
        return self._near()

    def _near(self) -> Query:
        column = self._next.column
        left = self._atom()
        if self._next.kind != "NEAR":
            return left
        distance = _distance(self._take())
        right_column = self._next.column
        right = self._atom()
        if self._next.kind == "NEAR":
            raise QueryError(
                self._next.column, "NEAR joins two sides; write (a NEAR/5 b) AND (b NEAR/5 c)"
            )
        return Near(_alternatives(left, column), _alternatives(right, right_column), distance)

    def _atom(self) -> Query:
        token = self._take()
        if token.kind == "word":
            return Word(token.text)
        if token.kind == "open":
            if self._next.kind == "close":
                raise QueryError(token.column, "nothing stands in the parentheses; remove them")
            inside = self._nested(self._either)
            if self._next.kind != "close":
                raise QueryError(token.column, f"`{token.text}` is not closed; add `)`")
            self._take()
            return inside
        before = self._tokens[self._at - 2] if self._at > 1 else None
        if token.kind == "close" and before is None:
            raise QueryError(token.column, f"`{token.text}` closes nothing; remove it")
        behind = before is not None and before.kind in ("AND", "OR", "NOT", "NEAR")
        mend = f"add one, or remove `{before.text if before and behind else token.text}`"
        shown = token.text if token.kind == "end" else f"`{token.text}`"
        raise QueryError(token.column, f"a word is missing before {shown}; {mend}")

    def _nested(self, read: Callable[[], Query]) -> Query:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise QueryError(self._next.column, f"more than {MAX_DEPTH} levels; make it flatter")
        found = read()
        self._depth -= 1
        return found


def _tokens(text: str) -> Iterator[_Token]:
    for match in _TOKENS.finditer(text):
        kind, found, column = str(match.lastgroup), match.group(), match.start() + 1
        if kind == "space":
            continue
        if kind == "quote":
            raise QueryError(column, f"the quotation mark {found} has no partner; add it")
        if kind == "phrase":
            kind, found = "word", _folded(found[1:-1], column)
        elif kind == "word":
            if found in ("AND", "OR", "NOT"):
                kind = found
            elif _NEAR.fullmatch(found):
                kind = "NEAR"
            elif found.upper() in ("AND", "OR", "NOT") or found.upper().startswith("NEAR/"):
                raise QueryError(
                    column,
                    f'write {found.upper()} in capitals, or the word in quotation marks: "{found}"',
                )
            else:
                found = _folded(found, column)
        yield _Token(kind, found, column)


def _folded(word: str, column: int) -> str:
    folded = simplified(words.fold(word).strip())
    if not folded or words.BLANK in folded:
        raise QueryError(column, "no word stands in the quotation marks; write one")
    return folded


def _distance(near: _Token) -> int:
    match = _NEAR.fullmatch(near.text)
    given = match[1] if match else None
    if given is None or not given.isdecimal() or not 0 < int(given) <= MAX_DISTANCE:
        raise QueryError(
            near.column,
            f"{near.text} needs a distance in characters, 1 to {MAX_DISTANCE}: NEAR/10",
        )
    return int(given)


def _alternatives(side: Query, column: int) -> tuple[str, ...]:
    """The words of one side of NEAR: a word, or words joined by OR."""
    parts = side.parts if isinstance(side, Either) else (side,)
    found = [part.word for part in parts if isinstance(part, Word)]
    if len(found) < len(parts):
        raise QueryError(column, "beside NEAR stands a word, or (a OR b); join the rest with AND")
    return tuple(found)
