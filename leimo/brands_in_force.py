"""Refuse a brand that no definition in force knows: a typing error would look like silence."""

from collections.abc import Collection

from catalogue.findings import did_you_mean
from catalogue.topic import held_definitions
from kafka_io.settings import Settings
from schemas.errors import OperatorError


async def refuse_unknown(settings: Settings, brands: Collection[str]) -> None:
    """Raise `OperatorError` where the catalogue in force lacks a brand; an empty one may be filled
    yet."""
    if not brands:
        return
    keys = [key.decode(errors="replace") for key in await held_definitions(settings)]
    known = sorted(key.removeprefix("brand:") for key in keys if key.startswith("brand:"))
    for brand in sorted(set(brands) - set(known)):
        if known:
            mend = did_you_mean(brand, known, "see `leimo catalogue show`")
            raise OperatorError(f"--brand {brand}: no such brand is in force; {mend}")
