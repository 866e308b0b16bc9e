"""Rules, silences and holidays with one mistake each, and what has to be said about it."""

Row = tuple[str, int, str, str]
"""Content, line, key, and a part of the message that names the trouble or the mend."""

BRAND = "brands:\n  - {id: mi, name: 小米, trade: phones}\nrules:\n"
RULE_ERRORS: dict[str, Row] = {
    "kind missing": ("  - id: a\n", 4, "rules[0]", "kind of a is missing"),
    "rule id missing": ("  - kind: spike\n", 4, "rules[0]", "id is missing"),
    "unknown kind": (
        "  - id: a\n    kind: spkie\n",
        5,
        "rules[0].kind",
        (
            "'spkie' is none of spike, drop, sentiment, crisis, influencer, silence, share, "
            "composite; did you mean spike?"
        ),
    ),
    "rule id twice": (
        "  - {id: a, kind: spike}\n  - {id: a, kind: sentiment}\n",
        5,
        "rules[1].id",
        "'a' is the id of rules[0] too (line 4)",
    ),
    "rule for an unknown brand": (
        "  - {id: a, kind: spike, brands: [mii]}\n",
        4,
        "rules[0].brands[0]",
        "'mii' is the id of no brand here; did you mean mi?",
    ),
    "crisis without words": (
        "  - {id: a, kind: crisis}\n",
        4,
        "rules[0]",
        "a rule of kind crisis needs words; add `words: [召回, …]`",
    ),
    "words of a spike rule": (
        "  - id: a\n    kind: spike\n    words: [召回]\n",
        6,
        "rules[0].words",
        "a rule of kind spike does not use this; remove it",
    ),
    "words of a sentiment rule": (
        "  - id: a\n    kind: sentiment\n    words: [召回]\n",
        6,
        "rules[0].words",
        "a rule of kind sentiment does not use this",
    ),
    "false alerts of a crisis rule": (
        "  - id: a\n    kind: crisis\n    words: [召回]\n    false_alerts_per_month: 2\n",
        7,
        "rules[0].false_alerts_per_month",
        "a rule of kind crisis does not use this",
    ),
    "no false alerts at all": (
        "  - id: a\n    kind: spike\n    false_alerts_per_month: 0\n",
        6,
        "rules[0].false_alerts_per_month",
        "0.0 is not above 0",
    ),
    "endless false alerts": (
        "  - id: a\n    kind: spike\n    false_alerts_per_month: .inf\n",
        6,
        "rules[0].false_alerts_per_month",
        ".inf is no number, such as 1.5",
    ),
    "fewer than no posts": (
        "  - id: a\n    kind: spike\n    min_posts: -1\n",
        6,
        "rules[0].min_posts",
        "-1 is not above 0",
    ),
    "half a post": (
        "  - id: a\n    kind: spike\n    min_posts: 1.5\n",
        6,
        "rules[0].min_posts",
        "1.5 is no whole number",
    ),
    "resolved at once": (
        "  - id: a\n    kind: spike\n    resolve_after_min: 0\n",
        6,
        "rules[0].resolve_after_min",
        "0 is not above 0",
    ),
    "crisis word twice": (
        "  - id: a\n    kind: crisis\n    words: [召回, 召回]\n",
        6,
        "rules[0].words[1]",
        "'召回' stands twice",
    ),
    "unknown key of a rule": (
        "  - id: a\n    kind: spike\n    brand: mi\n",
        6,
        "rules[0].brand",
        "did you mean brands?",
    ),
}

NEEDED = "  - id: a\n    kind: composite\n"
MORE_RULE_ERRORS: dict[str, Row] = {
    "rule for an unknown trade": (
        "  - {id: a, kind: spike, trades: [phone]}\n",
        4,
        "rules[0].trades[0]",
        "'phone' is the trade of no brand here; did you mean phones?",
    ),
    "cool-down for less than nothing": (
        "  - id: a\n    kind: spike\n    cool_down_min: -2\n",
        6,
        "rules[0].cool_down_min",
        "-2 is below 0",
    ),
    "pending for less than nothing": (
        "  - id: a\n    kind: spike\n    pending_min: -1\n",
        6,
        "rules[0].pending_min",
        "-1 is below 0",
    ),
    "silent for less than nothing": (
        "  - id: a\n    kind: silence\n    within_min: -5\n",
        6,
        "rules[0].within_min",
        "-5 is not above 0",
    ),
    "fewer than no followers": (
        "  - id: a\n    kind: influencer\n    min_reach: -1\n",
        6,
        "rules[0].min_reach",
        "-1 is not above 0",
    ),
    "fewer than no authors": (
        "  - id: a\n    kind: spike\n    min_authors: -1\n",
        6,
        "rules[0].min_authors",
        "-1 is not above 0",
    ),
    "active hours that are none": (
        "  - id: a\n    kind: spike\n    active_hours: 8-22\n",
        6,
        "rules[0].active_hours",
        "'8-22' is no span of hours; write such as 08:00-22:00 +08:00",
    ),
    "active hours beyond midnight": (
        "  - id: a\n    kind: spike\n    active_hours: 08:00-25:00\n",
        6,
        "rules[0].active_hours",
        "25:00 is no time of the day; write such as 08:00",
    ),
    "active hours that end when they begin": (
        "  - id: a\n    kind: spike\n    active_hours: 00:00-24:00\n",
        6,
        "rules[0].active_hours",
        "ends when it begins; leave it out to look always",
    ),
    "objective that is none": (
        "  - id: a\n    kind: crisis\n    objectives: [client-managment]\n",
        6,
        "rules[0].objectives[0]",
        "did you mean client-management?",
    ),
    "objectives without brackets": (
        "  - id: a\n    kind: crisis\n    objectives: client-management\n",
        6,
        "rules[0].objectives",
        "client-management is no list; write [...]",
    ),
    "share of one brand": (
        "  - {id: a, kind: share, brands: [mi]}\n",
        4,
        "rules[0]",
        "a rule of kind share compares brands; add two, or `trades:`",
    ),
    "share of all brands": (
        "  - {id: a, kind: share}\n",
        4,
        "rules[0]",
        "a rule of kind share compares brands",
    ),
    "composite without conditions": (
        "  - {id: a, kind: composite}\n",
        4,
        "rules[0]",
        "a rule of kind composite needs `conditions:`; add at least one",
    ),
    "composite with an empty list": (
        NEEDED + "    conditions: []\n",
        4,
        "rules[0]",
        "needs `conditions:`",
    ),
    "conditions that are no list": (
        NEEDED + "    conditions: {measure: posts, at_least: 5}\n",
        6,
        "rules[0].conditions",
        "a mapping is no list; write [...]",
    ),
    "condition that is no mapping": (
        NEEDED + "    conditions: [posts, {measure: posts, at_least: 5}]\n",
        6,
        "rules[0].conditions[0]",
        "posts is no mapping; write keys: measure, over_min,",
    ),
    "condition that limits nothing": (
        NEEDED + "    conditions:\n      - {measure: posts}\n",
        7,
        "rules[0].conditions[0]",
        "limits nothing; add at_least, at_most, or one with _times",
    ),
    "condition of an unknown measure": (
        NEEDED + "    conditions:\n      - {measure: post, at_least: 5}\n"
        "      - {measure: posts, at_least: 5}\n",
        7,
        "rules[0].conditions[0].measure",
        "'post' is none of posts, authors, reach, positive, negative; did you mean posts?",
    ),
    "unknown key of a condition": (
        NEEDED + "    conditions:\n      - {measure: posts, atleast: 5, at_most: 9}\n",
        7,
        "rules[0].conditions[0].atleast",
        "did you mean at_least?",
    ),
    "limit of a condition that is no number": (
        NEEDED + "    conditions:\n      - {measure: posts, at_least: many, at_most: 9}\n",
        7,
        "rules[0].conditions[0].at_least",
        "many is no number, such as 1.5",
    ),
    "condition over too long": (
        NEEDED + "    conditions:\n      - {measure: posts, over_min: 61, at_least: 5}\n",
        7,
        "rules[0].conditions[0]",
        "over_min 61 is not from 1 to 60 minutes",
    ),
    "condition over no time": (
        NEEDED + "    conditions:\n      - {measure: posts, over_min: 0, at_least: 5}\n",
        7,
        "rules[0].conditions[0]",
        "over_min 0 is not from 1 to 60 minutes",
    ),
    "times the usual authors": (
        NEEDED + "    conditions:\n      - {measure: authors, at_least_times: 5}\n",
        7,
        "rules[0].conditions[0]",
        "authors has no usual; use at_least or at_most",
    ),
    "times the usual reach": (
        NEEDED + "    conditions:\n      - {measure: reach, at_most_times: 5}\n",
        7,
        "rules[0].conditions[0]",
        "reach has no usual; use at_least or at_most",
    ),
}

_SAMPLES = {
    "words": "[召回]",
    "objectives": "[client-management]",
    "min_reach": "5",
    "within_min": "5",
    "conditions": "[{measure: posts, at_least: 5}]",
    "false_alerts_per_month": "2",
    "min_authors": "5",
    "min_posts": "5",
}
UNUSED = {
    "spike": ("words", "objectives", "min_reach", "within_min", "conditions"),
    "drop": ("words", "objectives", "min_reach", "within_min", "conditions", "min_authors"),
    "sentiment": ("words", "objectives", "min_reach", "within_min", "conditions"),
    "crisis": ("false_alerts_per_month", "min_reach", "within_min", "conditions"),
    "influencer": ("false_alerts_per_month", "words", "objectives", "within_min", "conditions"),
    "silence": ("words", "objectives", "min_reach", "conditions", "min_authors", "min_posts"),
    "share": ("words", "objectives", "min_reach", "within_min", "conditions", "min_authors"),
    "composite": ("false_alerts_per_month", "words", "objectives", "min_reach", "within_min"),
}
"""Kind of a rule -> keys that it does not use."""
_OF_KIND = {
    "crisis": "    words: [召回]\n",
    "composite": "    conditions: [{measure: posts, at_least: 5}]\n",
    "share": "    trades: [phones]\n",
}
"""What a rule of this kind needs."""
UNUSED_ERRORS: dict[str, Row] = {
    f"{key} of a {kind} rule": (
        f"  - id: a\n    kind: {kind}\n    {key}: {_SAMPLES[key]}\n{_OF_KIND.get(kind, '')}",
        6,
        f"rules[0].{key}",
        f"a rule of kind {kind} does not use this; remove it, it takes id, kind, brands, trades, ",
    )
    for kind, keys in UNUSED.items()
    for key in keys
}

SILENCES = BRAND + "  - {id: burst, kind: spike}\nsilences:\n"
SILENCE_ERRORS: dict[str, Row] = {
    "silences no list": (
        "  burst\n",
        5,
        "silences",
        "burst is no list; begin each of the silences",
    ),
    "silence without a reason": (
        '  - {id: a, until: "2026-11-25T08:00Z"}\n',
        6,
        "silences[0]",
        "reason of a is missing; add `reason: …`",
    ),
    "silence without an end": (
        "  - {id: a, reason: launch}\n",
        6,
        "silences[0]",
        "until of a is missing",
    ),
    "silence without an id": (
        '  - {reason: launch, until: "2026-11-25T08:00Z"}\n',
        6,
        "silences[0]",
        "id is missing",
    ),
    "end of a silence without a zone": (
        '  - {id: a, reason: launch, until: "2026-11-25T08:00"}\n',
        6,
        "silences[0].until",
        "'2026-11-25T08:00' is no time with its zone; write such as",
    ),
    "end of a silence that is no time": (
        "  - {id: a, reason: launch, until: tomorrow}\n",
        6,
        "silences[0].until",
        "'tomorrow' is no time with its zone",
    ),
    "end of a silence read as a date": (
        "  - {id: a, reason: launch, until: 2026-11-25T08:00:00Z}\n",
        6,
        "silences[0].until",
        'is read as a date; put it in quotes: "2026-11-25T08:00:00Z"',
    ),
    "begin of a silence that is no time": (
        '  - {id: a, reason: launch, since: now, until: "2026-11-25T08:00Z"}\n',
        6,
        "silences[0].since",
        "'now' is no time with its zone",
    ),
    "silence that ends before it begins": (
        (
            "  - id: a\n    reason: launch\n"
            '    since: "2026-11-25T08:00Z"\n    until: "2026-11-25T08:00+08:00"\n'
        ),
        9,
        "silences[0].until",
        "is not after since; swap the two",
    ),
    "silence of an unknown brand": (
        '  - {id: a, reason: launch, until: "2026-11-25T08:00Z", brands: [mii]}\n',
        6,
        "silences[0].brands[0]",
        "'mii' is the id of no brand here; did you mean mi?",
    ),
    "silence of an unknown rule": (
        '  - {id: a, reason: launch, until: "2026-11-25T08:00Z", rules: [bursts]}\n',
        6,
        "silences[0].rules[0]",
        "'bursts' is the id of no rule here; did you mean burst?",
    ),
    "unknown key of a silence": (
        '  - {id: a, reason: launch, until: "2026-11-25T08:00Z", rule: [burst]}\n',
        6,
        "silences[0].rule",
        "unknown key; did you mean rules?",
    ),
    "silence id twice": (
        (
            '  - {id: a, reason: launch, until: "2026-11-25T08:00Z"}\n'
            '  - {id: a, reason: sale, until: "2026-11-25T08:00Z"}\n'
        ),
        7,
        "silences[1].id",
        "'a' is the id of silences[0] too (line 6)",
    ),
}

HOLIDAYS = BRAND + "  - {id: burst, kind: spike}\nholidays:\n"
HOLIDAY_ERRORS: dict[str, Row] = {
    "holiday without a day": ("  - {id: a}\n", 6, "holidays[0]", "first of a is missing"),
    "holiday read as a date": (
        "  - {id: a, first: 2026-10-01}\n",
        6,
        "holidays[0].first",
        'is read as a date; put it in quotes: "2026-10-01"',
    ),
    "holiday that is no day": (
        "  - {id: a, first: 1 October}\n",
        6,
        "holidays[0].first",
        "'1 October' is no day; write such as \"2026-10-01\"",
    ),
    "last day that is none": (
        '  - {id: a, first: "2026-10-01", last: "2026-10-32"}\n',
        6,
        "holidays[0].last",
        "'2026-10-32' is no day",
    ),
    "holiday that ends before it begins": (
        '  - {id: a, first: "2026-10-07", last: "2026-10-01"}\n',
        6,
        "holidays[0].last",
        "2026-10-01 is before 2026-10-07; swap the two",
    ),
    "holiday with an unknown country": (
        "  - {id: a, country: XX}\n",
        6,
        "holidays[0].country",
        "the holidays of 'XX' are not known; known are CN",
    ),
    "holiday with days and a country": (
        '  - {id: a, first: "10-01", country: CN}\n',
        6,
        "holidays[0].country",
        "has days of its own; leave first and last out",
    ),
    "sale of a country": (
        "  - {id: a, country: CN, is_sale: true}\n",
        6,
        "holidays[0].is_sale",
        "sales are on days of their own",
    ),
    "holiday with a zone": (
        '  - {id: a, first: "10-01", zone: Asia/Shanghai}\n',
        6,
        "holidays[0].zone",
        "'Asia/Shanghai' is of no use here",
    ),
    "holiday of a trade": (
        '  - {id: a, first: "10-01", trades: [phones]}\n',
        6,
        "holidays[0].trades",
        "is of no use here; holidays are everybody's",
    ),
    "sale of a trade without brands": (
        '  - {id: a, first: "11-11", is_sale: true, trades: [fones]}\n',
        6,
        "holidays[0].trades[0]",
        "'fones' is the trade of no brand here",
    ),
    "sale in no zone": (
        '  - {id: a, first: "11-11", is_sale: true, zone: Beijing}\n',
        6,
        "holidays[0].zone",
        "write an IANA name, such as Asia/Shanghai",
    ),
    "holiday of half a year": (
        '  - {id: a, first: "10-01", last: "2026-10-07"}\n',
        6,
        "holidays[0].last",
        "name the year of both days, or of neither",
    ),
    "day of no year": (
        '  - {id: a, first: "11-31"}\n',
        6,
        "holidays[0].first",
        "'11-31' is no day",
    ),
    "holiday of many years": (
        '  - {id: a, first: "2026-10-01", last: "9999-10-07"}\n',
        6,
        "holidays[0].last",
        "9999-10-07 is more than a year after the first day",
    ),
}
ERRORS: dict[str, Row] = {
    **{
        name: (BRAND + row[0], *row[1:])
        for name, row in (RULE_ERRORS | MORE_RULE_ERRORS | UNUSED_ERRORS).items()
    },
    **{name: (SILENCES + row[0], *row[1:]) for name, row in SILENCE_ERRORS.items()},
    **{name: (HOLIDAYS + row[0], *row[1:]) for name, row in HOLIDAY_ERRORS.items()},
}
