"""Products, and the brands whose products they are."""

from collections.abc import Mapping, Sequence

from analysis.naming import Named
from schemas.catalogue import Brand


class Families:
    """Who is the parent of whom; brands are named by their index in the list."""

    def __init__(self, brands: Sequence[Brand]) -> None:
        self._ancestors = _ancestors(brands)

    def roll_up(self, spans: dict[int, Sequence[Named]], most: int) -> Mapping[int, int]:
        """Let what names a product count for its brand too; returns brand -> product.

        A brand that itself stands in the quote alone is named through its product, where that
        stands in the text.
        """
        products: dict[int, int] = {}
        for brand in [brand for brand in spans if brand in self._ancestors]:
            for ancestor in self._ancestors[brand]:
                if ancestor not in spans or (
                    spans[brand] and not spans[ancestor] and ancestor not in products
                ):
                    spans[ancestor] = spans[brand]
                    products[ancestor] = brand
                elif ancestor in products:
                    joined = sorted({*spans[ancestor], *spans[brand]})
                    spans[ancestor] = joined[:most]
                    products[ancestor] = min(products[ancestor], brand)
        return products


def _ancestors(brands: Sequence[Brand]) -> dict[int, tuple[int, ...]]:
    """Brand -> the brands whose product it is, nearest first; those without are left out."""
    index = {brand.id: at for at, brand in enumerate(brands)}
    found: dict[int, tuple[int, ...]] = {}
    for at, brand in enumerate(brands):
        line: list[int] = []
        parent = index.get(brand.parent)
        while parent is not None and parent != at and parent not in line:
            line.append(parent)
            parent = index.get(brands[parent].parent)
        if line:
            found[at] = tuple(line)
    return found
