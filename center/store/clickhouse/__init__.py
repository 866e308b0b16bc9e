"""ClickHouse, for tens of millions of mentions a day.

It has no transactions, so nothing here rests on one: every row has an identity, of rows with one
identity one holds (ReplacingMergeTree, read with FINAL), and offsets are written last. Whoever is
killed before reads the same records again and writes the same rows.
"""
