"""Help as people read it: docstrings are wrapped for the source, terminals have other widths."""

import inspect
from itertools import groupby

import typer

_INDENT = "    "


def set_help(app: typer.Typer) -> None:
    """Give each command below `app` that has no help of its own its docstring, `reflowed`."""
    for command in app.registered_commands:
        if command.callback is not None and not command.help:
            command.help = reflowed(command.callback.__doc__ or "")
    for group in app.registered_groups:
        if group.typer_instance is not None:
            set_help(group.typer_instance)
            _set_group_help(group.typer_instance)


def _set_group_help(app: typer.Typer) -> None:
    """A group that does something itself tells by the docstring of its callback."""
    callback = app.registered_callback
    if callback is not None and isinstance(app.info.help, str):
        return
    if callback is not None and callback.callback is not None and callback.callback.__doc__:
        callback.help = reflowed(callback.callback.__doc__)


def reflowed(docstring: str) -> str:
    r"""Paragraphs on one line each, indented lines (examples) as they are, without blank lines.

    The second paragraph begins with a line end: Typer takes the indent of all lines but the first
    off what follows the first paragraph, and examples would lose theirs.

    >>> reflowed("Say it.\n\n    It goes\n    on.\n\n    Examples:\n\n        one\n\n        two\n")
    'Say it.\n\n\nIt goes on.\n\nExamples:\n\n    one\n    two'
    """
    paragraphs = inspect.cleandoc(docstring).split("\n\n")
    told: list[str] = []
    for is_indented, each in groupby(paragraphs, lambda one: one.startswith(_INDENT)):
        if is_indented:
            told.append("\n".join(each))
        else:
            told += [one.replace("\n", " ") for one in each]
    first, *others = told
    return "\n\n".join([first, *(["\n" + others[0], *others[1:]] if others else [])])
