"""What docs/analysis.md says of mentions holds, on labels of real posts."""

from pathlib import Path

from bench.evaluate import mentions


def test_ambiguous_names_are_told_as_the_document_says(shared_data: Path) -> None:
    """A little under what was measured. Labels whose text is gone would show in the count."""
    found = {(each.data, each.system): each for each in mentions.results(shared_data)}
    in_view = found["ambiguous names in posts, half in view", "leimo"]
    other = found["ambiguous names in posts, other half", "leimo"]
    assert in_view.names + other.names == 610
    assert min(in_view.precision, other.precision) >= 0.92
    assert min(in_view.recall, other.recall) >= 0.90
    plain = found["ambiguous names in posts, other half", "plain substring"]
    assert plain.recall == 1.0  # every label stands at a name
    assert plain.precision < 0.7
