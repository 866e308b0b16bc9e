"""The screen as an SVG picture that looks the same with any font and loads nothing."""

from collections.abc import Iterator
from xml.sax.saxutils import escape

from rich.cells import get_character_cell_size
from rich.color import Color
from rich.console import Console, RenderableType
from rich.style import Style
from rich.terminal_theme import SVG_EXPORT_THEME as THEME

_CELL_WIDTH = 8.4
_CELL_HEIGHT = 19.0
_BASELINE = 14.0
_MARGIN = 12.0
_FONTS = (
    "'DejaVu Sans Mono', Menlo, Consolas, 'Noto Sans Mono CJK SC', 'WenQuanYi Micro Hei Mono', "
    "'PingFang SC', 'Microsoft YaHei', monospace"
)
_EIGHTHS = " ▁▂▃▄▅▆▇█"
_LINES = {
    "─": "M0 9.5H8.4",
    "━": "M0 9.5H8.4",
    "│": "M4.2 0V19",
    "╭": "M4.2 19V13.5Q4.2 9.5 8.4 9.5",
    "╮": "M4.2 19V13.5Q4.2 9.5 0 9.5",
    "╰": "M4.2 0V5.5Q4.2 9.5 8.4 9.5",
    "╯": "M4.2 0V5.5Q4.2 9.5 0 9.5",
}
"""Frame characters as paths in one cell: fonts do not agree about their width."""


def svg(renderable: RenderableType, width: int, height: int) -> str:
    """`renderable` on a terminal of `width` × `height` cells, as an SVG document."""
    console = Console(
        width=width, height=height, force_terminal=True, color_system="truecolor", no_color=False
    )
    lines = console.render_lines(renderable, console.options.update_dimensions(width, height))
    shapes: list[str] = []
    for row, line in enumerate(lines[:height]):
        column = 0
        for text, style, control in line:
            if control:
                continue
            shapes += _run(text, style or Style.null(), column, row)
            column += sum(map(get_character_cell_size, text))
    return _document("\n".join(shapes), width, height)


def _document(shapes: str, width: int, height: int) -> str:
    box_width = _number(width * _CELL_WIDTH + 2 * _MARGIN)
    box_height = _number(height * _CELL_HEIGHT + 2 * _MARGIN)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {box_width} {box_height}">\n'
        f'<rect width="100%" height="100%" rx="8" fill="{THEME.background_color.hex}"/>\n'
        f'<g transform="translate({_MARGIN:g} {_MARGIN:g})" font-family="{_FONTS}" '
        f'font-size="14">\n{shapes}\n</g>\n</svg>\n'
    )


def _run(text: str, style: Style, column: int, row: int) -> Iterator[str]:
    """Shapes of one run of one style that begins in cell (`column`, `row`)."""
    y = row * _CELL_HEIGHT
    if style.bgcolor is not None and not style.bgcolor.is_default:
        cells = sum(map(get_character_cell_size, text))
        yield (
            f'<rect x="{_number(column * _CELL_WIDTH)}" y="{_number(y)}" '
            f'width="{_number(cells * _CELL_WIDTH)}" height="{_number(_CELL_HEIGHT)}" '
            f'fill="{_hex(style.bgcolor, foreground=False)}"/>'
        )
    paint = _hex(style.color, foreground=True)
    faint = ' opacity=".6"' if style.dim else ""
    for word, start in _words(text):
        x = (column + start) * _CELL_WIDTH
        if word[0] in _EIGHTHS:
            yield f'<path d="{_bars(word, x, y)}" fill="{paint}"{faint}/>'
        elif word[0] in _LINES:
            stroke = 2.4 if word[0] == "━" else 1.1
            for index, character in enumerate(_joined(word)):
                if not character:
                    continue
                shape = _LINES[character[0]].replace("H8.4", f"H{_number(8.4 * len(character))}")
                yield (
                    f'<path transform="translate({_number(x + index * _CELL_WIDTH)} {_number(y)})" '
                    f'd="{shape}" fill="none" stroke="{paint}" stroke-width="{stroke}"{faint}/>'
                )
        else:
            yield _words_shape(word, x, y, style, f' fill="{paint}"{faint}')


def _words_shape(word: str, x: float, y: float, style: Style, paint: str) -> str:
    length = _number(sum(map(get_character_cell_size, word)) * _CELL_WIDTH)
    # A wide character's advance is its font size: so it fills its two cells in any renderer.
    size = f' font-size="{2 * _CELL_WIDTH:g}"' if get_character_cell_size(word[0]) == 2 else ""
    weight = ' font-weight="bold"' if style.bold else ""
    slant = ' font-style="italic"' if style.italic else ""
    return (
        f'<text x="{_number(x)}" y="{_number(y + _BASELINE)}" textLength="{length}" '
        f'lengthAdjust="spacingAndGlyphs"{size}{weight}{slant}{paint}>{escape(word)}</text>'
    )


def _words(text: str) -> Iterator[tuple[str, int]]:
    """Stretches of one kind of character, each with its first cell; spaces are left out."""
    word, kind, start, column = "", -1, 0, 0
    for character in text:
        found = _kind(character)
        if found != kind:
            if word and kind:
                yield word, start
            word, kind, start = "", found, column
        word += character
        column += get_character_cell_size(character)
    if word and kind:
        yield word, start


def _kind(character: str) -> int:
    if character == " ":
        return 0
    if character in _EIGHTHS:
        return 1
    if character in _LINES:
        return 2
    return 2 + max(1, get_character_cell_size(character))


def _joined(word: str) -> list[str]:
    """One entry a cell: a stretch of level lines is drawn once, from its first cell."""
    joined: list[str] = []
    first = -1
    for index, character in enumerate(word):
        if character in "─━" and first >= 0 and joined[first][0] == character:
            joined[first] += character
            joined.append("")
        else:
            joined.append(character)
            first = index if character in "─━" else -1
    return joined


def _bars(word: str, x: float, y: float) -> str:
    path = []
    for index, character in enumerate(word):
        height = _CELL_HEIGHT * _EIGHTHS.index(character) / 8
        left, top = x + index * _CELL_WIDTH, y + _CELL_HEIGHT - height
        path.append(
            f"M{_number(left)} {_number(top)}h{_number(_CELL_WIDTH - 0.8)}v{_number(height)}"
            f"h{_number(0.8 - _CELL_WIDTH)}z"
        )
    return "".join(path)


def _hex(color: Color | None, *, foreground: bool) -> str:
    if color is None:
        return THEME.foreground_color.hex if foreground else THEME.background_color.hex
    return color.get_truecolor(THEME, foreground).hex


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
