"""Read a catalogue of brands and rules from a YAML file, and check all of it.

What the file may hold: docs/catalogue.md. The shipped one is `SHIPPED`.
"""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from catalogue.checks import check
from catalogue.findings import CatalogueErrors, Finding, Findings
from catalogue.known_names import KnownNames
from catalogue.yaml_reader import MAX_BYTES, Records, read_records, read_text
from schemas.catalogue import Catalogue, definition_key, definitions_of

__all__ = [
    "SHIPPED",
    "CatalogueErrors",
    "Examined",
    "Finding",
    "dump_definitions",
    "examine",
    "known_names",
    "load",
    "parse",
]

SHIPPED = Path(__file__).with_name("catalogue.yml")
"""The catalogue that comes with leimo."""


class Examined(NamedTuple):
    """A file with everything that was found in it."""

    catalogue: Catalogue
    """What could be read; fit for use only where there are no errors."""
    errors: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    notes: tuple[Finding, ...] = ()
    """What was added to the catalogue that its author did not write."""


def load(path: Path) -> Catalogue:
    """The catalogue of a file. Warnings are not shown: `examine` returns them.

    Raises:
        CatalogueErrors: all that is wrong, each with file, line, key and mend.
    """
    examined = examine(path)
    if examined.errors:
        raise CatalogueErrors(examined.errors)
    return examined.catalogue


def examine(path: Path) -> Examined:
    """Read and check a file; never raises."""
    findings = Findings(str(path))
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)  # bounded: a device has no end
    except OSError as error:
        reason = error.strerror or type(error).__name__
        findings.error((), f"cannot be read: {reason}; name a file that can", line=0)
        return Examined(Catalogue(), findings.errors, findings.warnings)
    known = None if path.resolve() == SHIPPED.resolve() else known_names()
    return _parsed(content, str(path), known)


def parse(content: bytes, file: str) -> Examined:
    """Check the content of a file that is called `file`; never raises.

    Brands with a name that the shipped catalogue knows are completed, see `catalogue.known_names`.

    >>> found = parse(b"brands: [{id: xiaomi, nmae: Mi}]", "my.yml")
    >>> print(*found.errors, sep="\\n")
    my.yml:1: brands[0].nmae: unknown key; did you mean name?
    my.yml:1: brands[0]: name of xiaomi is missing; add `name: …`
    """
    return _parsed(content, file, known_names())


@lru_cache(maxsize=1)
def known_names() -> KnownNames:
    """The names of the shipped catalogue, which is read once."""
    return KnownNames(load(SHIPPED).brands)


def _parsed(content: bytes, file: str, known: KnownNames | None) -> Examined:
    findings = Findings(file)
    text = read_text(content, findings)
    records = read_records(text, findings) if text is not None else Records()
    catalogue = check(records, findings, known)
    return Examined(catalogue, findings.errors, findings.warnings, findings.notes)


def dump_definitions(catalogue: Catalogue) -> Iterator[tuple[bytes, bytes]]:
    """Key and value of each record on the topic `catalogue`: brands, rules, intents."""
    for definition in definitions_of(catalogue):
        yield definition_key(definition), msgspec.json.encode(definition)
