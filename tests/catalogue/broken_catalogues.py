"""Catalogue files with one mistake each, and what has to be said about it."""

from tests.catalogue.broken_rules import BRAND
from tests.catalogue.broken_rules import ERRORS as RULE_ERRORS

Row = tuple[str, int, str, str]
"""Content, line, key, and a part of the message that names the trouble or the mend."""

ERRORS: dict[str, Row] = {
    "empty file": ("", 0, "", "is empty; a catalogue begins with `brands:`"),
    "comments alone": ("# nothing\n", 0, "", "is empty"),
    "not YAML": ("brands:\n  - id: [a\n  - b: c\n", 3, "", "is no YAML"),
    "tab": ("brands:\n\t- id: a\n", 2, "", "indent with spaces, not with tabs"),
    "control character": ("brands:\n  - id: a\x07\n", 2, "", "U+0007 is not allowed"),
    "control character behind Han characters": (
        "brands:\n  - id: a\n    name: 小米小米小米\x00\n",
        3,
        "",
        "U+0000 is not allowed; remove it",
    ),
    "two documents": ("brands: []\n---\nbrands: []\n", 2, "", "is no YAML"),
    "unknown anchor": ("brands: *nobody\n", 1, "", "is no YAML"),
    "not a mapping": ("- id: a\n", 1, "", "a list is no mapping; write keys: brands, rules"),
    "text alone": ("小米\n", 1, "", "小米 is no mapping"),
    "no brand": ("brands: []\n", 0, "", "names no brand"),
    "brands no list": ("brands: 小米\n", 1, "brands", "小米 is no list; begin each of the brands"),
    "unknown key at the top": (
        "brand:\n  - id: a\n",
        1,
        "brand",
        "unknown key; did you mean brands?",
    ),
    "unknown key of a brand": (
        "brands:\n  - id: a\n    name: 小米\n    alias: [米]\n",
        4,
        "brands[0].alias",
        "unknown key; did you mean aliases?",
    ),
    "key that YAML reads as a boolean": (
        "brands:\n  - id: a\n    name: 小米\n    on: x\n",
        4,
        "brands[0].on",
        "unknown key; the keys here are id, name,",
    ),
    "merge key": (
        "brands:\n  - &a {id: a, name: 小米}\n  - {<<: *a, id: b}\n",
        3,
        "brands[1].<<",
        "unknown key",
    ),
    "key given twice": (
        "brands:\n  - id: a\n    name: 小米\n    id: b\n",
        4,
        "brands[0].id",
        "stands twice, first in line 2; join the two",
    ),
    "brands given twice": (
        "brands:\n  - {id: a, name: 小米}\nrules: []\nbrands: []\n",
        4,
        "brands",
        "stands twice, first in line 1",
    ),
    "brand no mapping": ("brands:\n  - 小米\n", 2, "brands[0]", "小米 is no mapping"),
    "id missing": ("brands:\n  - name: 小米\n", 2, "brands[0]", "id is missing; add `id: …`"),
    "name missing": ("brands:\n  - id: mi\n", 2, "brands[0]", "name of mi is missing"),
    "id with capitals": (
        "brands:\n  - {id: Xiao Mi, name: 小米}\n",
        2,
        "brands[0].id",
        "'Xiao Mi' is no id; use lower-case letters, digits and hyphens, such as 'xiao-mi'",
    ),
    "id of Han characters": (
        "brands:\n  - {id: 小米, name: 小米}\n",
        2,
        "brands[0].id",
        "is no id",
    ),
    "id twice": (
        "brands:\n  - {id: mi, name: 小米}\n  - {id: ai, name: 爱奇艺}\n  - {id: mi, name: 红米}\n",
        4,
        "brands[2].id",
        "'mi' is the id of brands[0] too (line 2); give each its own",
    ),
    "name read as a number": (
        "brands:\n  - id: qihoo\n    name: 360\n",
        3,
        "brands[0].name",
        '360 is read as a number; put it in quotes: "360"',
    ),
    "id read as a boolean": (
        "brands:\n  - id: no\n    name: 诺\n",
        2,
        "brands[0].id",
        'no is read as true or false; put it in quotes: "no"',
    ),
    "alias read as a date": (
        "brands:\n  - id: a\n    name: 双十一\n    aliases:\n      - 光棍节\n      - 2011-11-11\n",
        6,
        "brands[0].aliases[1]",
        'read as a date; put it in quotes: "2011-11-11"',
    ),
    "account read as a number": (
        "brands:\n  - {id: mi, name: 小米, accounts: [2202387347]}\n",
        2,
        "brands[0].accounts[0]",
        'put it in quotes: "2202387347"',
    ),
    "name left empty": (
        "brands:\n  - id: a\n    name:\n",
        3,
        "brands[0].name",
        "is empty; write a value or remove it",
    ),
    "alias of spaces": (
        'brands:\n  - {id: mi, name: 小米, aliases: ["  "]}\n',
        2,
        "brands[0].aliases[0]",
        "is empty",
    ),
    "alias with a space behind": (
        'brands:\n  - {id: mi, name: 小米, aliases: ["红米 "]}\n',
        2,
        "brands[0].aliases[0]",
        "begins or ends with space",
    ),
    "name that is a list": (
        "brands:\n  - {id: mi, name: [小米]}\n",
        2,
        "brands[0].name",
        "a list is no text",
    ),
    "one alias without brackets": (
        "brands:\n  - {id: mi, name: 小米, aliases: 红米}\n",
        2,
        "brands[0].aliases",
        "红米 is no list; write [红米]",
    ),
    "foreign tag": (
        "brands:\n  - {id: mi, name: !!python/name:os.system 小米}\n",
        2,
        "brands[0].name",
        "the tag tag:yaml.org,2002:python/name:os.system is not allowed; remove it",
    ),
    "alias twice": (
        "brands:\n  - {id: mi, name: 小米, aliases: [MIUI, 红米, miui]}\n",
        2,
        "brands[0].aliases[2]",
        "'miui' stands twice, first in line 2; remove it",
    ),
    "alias that is the name": (
        "brands:\n  - {id: mi, name: 小米, aliases: [小米]}\n",
        2,
        "brands[0].aliases[0]",
        "stands twice",
    ),
    "alias of one character": (
        "brands:\n  - {id: mi, name: 小米, aliases: [米]}\n",
        2,
        "brands[0].aliases[0]",
        "'米' has one character and would be found everywhere; remove it",
    ),
    "alias of two brands": (
        "brands:\n  - {id: mi, name: 小米}\n  - {id: car, name: 小米汽车, aliases: [小米]}\n",
        3,
        "brands[1].aliases[0]",
        "'小米' is a name of mi too and counts for both",
    ),
    "ambiguous, but no name": (
        (
            "brands:\n  - id: midea\n    name: 美的\n    aliases: [美的集团]\n"
            "    ambiguous: [美的集]\n    context: {require: [空调]}\n"
        ),
        5,
        "brands[0].ambiguous[0]",
        "'美的集' is neither name nor alias; did you mean 美的集团?",
    ),
    "ambiguous without context": (
        "brands:\n  - id: midea\n    name: 美的\n    ambiguous: [美的]\n",
        4,
        "brands[0].ambiguous",
        "nothing decides these names; add `trade:`, or `context:`",
    ),
    "context without words": (
        "brands:\n  - id: midea\n    name: 美的\n    context: {window: 20}\n",
        4,
        "brands[0].context",
        "decides nothing; add `require:` or `exclude:` words",
    ),
    "unknown key of a context": (
        "brands:\n  - id: midea\n    name: 美的\n    context:\n      requires: [空调]\n",
        5,
        "brands[0].context.requires",
        "did you mean require?",
    ),
    "window out of range": (
        "brands:\n  - id: midea\n    name: 美的\n    context: {require: [空调], window: -1}\n",
        4,
        "brands[0].context.window",
        "-1 is not from 0 to 1000 code points",
    ),
    "window no whole number": (
        "brands:\n  - id: midea\n    name: 美的\n    context: {require: [空调], window: wide}\n",
        4,
        "brands[0].context.window",
        "wide is no whole number, such as 30",
    ),
    "window of base 60": (
        "brands:\n  - id: midea\n    name: 美的\n    context: {require: [空调], window: 1:30}\n",
        4,
        "brands[0].context.window",
        "1:30 is no whole number",
    ),
    "context word listed twice": (
        (
            "brands:\n  - id: midea\n    name: 美的\n    context:\n      require:\n        - 空调\n"
            "        - 冰箱\n        - 空调\n"
        ),
        8,
        "brands[0].context.require[2]",
        "'空调' stands twice, first in line 6; remove it",
    ),
    "context word both ways": (
        "brands:\n  - id: midea\n    name: 美的\n    context: {require: [空调], exclude: [空调]}\n",
        4,
        "brands[0].context.exclude[0]",
        "'空调' is required too; keep one of the two",
    ),
    "excluded word within the name": (
        "brands:\n  - id: midea\n    name: 美的集团\n    context: {exclude: [美的]}\n",
        4,
        "brands[0].context.exclude[0]",
        "'美的' stands in '美的集团' itself, which it would always refuse",
    ),
    "unknown competitor": (
        "brands:\n  - {id: huawei, name: 华为}\n  - {id: mi, name: 小米, competitors: [huawai]}\n",
        3,
        "brands[1].competitors[0]",
        "'huawai' is the id of no brand here; did you mean huawei?",
    ),
    "unknown parent": (
        "brands:\n  - id: redmi\n    name: 红米\n    parent: xiaomi\n",
        4,
        "brands[0].parent",
        "'xiaomi' is the id of no brand here; write an id that stands under `brands:`",
    ),
    "its own competitor": (
        "brands:\n  - {id: mi, name: 小米, competitors: [mi]}\n",
        2,
        "brands[0].competitors[0]",
        "'mi' is the brand itself; remove it",
    ),
    "parents in a circle": (
        "brands:\n  - {id: aa, name: 甲乙, parent: bb}\n  - {id: bb, name: 丙丁, parent: aa}\n",
        2,
        "brands[0].parent",
        "parents go round: aa → bb → aa; break it",
    ),
}

ERRORS |= RULE_ERRORS

RULES = "rules: [{id: a, kind: spike}]\n"
WARNINGS: dict[str, Row] = {
    "short Latin alias": (
        "brands:\n  - {id: hp, name: 惠普, aliases: [HP]}\n" + RULES,
        2,
        "brands[0].aliases[0]",
        "'HP' is so short that it stands for other things too; give it a context",
    ),
    "short number": (
        'brands:\n  - {id: qihoo, name: 奇虎, aliases: ["360"]}\n' + RULES,
        2,
        "brands[0].aliases[0]",
        "'360' is so short",
    ),
    "name that one of two brands can tell": (
        "brands:\n  - {id: mi, name: 小米}\n  - id: grain\n    name: 小米\n"
        "    context: {require: [粥]}\n" + RULES,
        4,
        "brands[1].name",
        "'小米' is a name of mi too",
    ),
    "account of two brands": (
        "brands:\n  - {id: mi, name: 小米, accounts: [小米公司]}\n"
        "  - {id: huawei, name: 华为, accounts: [小米公司]}\n" + RULES,
        3,
        "brands[1].accounts[0]",
        "'小米公司' is owned by mi too",
    ),
    "no rules": ("brands:\n  - {id: mi, name: 小米}\n", 1, "", "has no rules"),
    "crisis word of one character": (
        BRAND + "  - {id: a, kind: crisis, words: [毒]}\n",
        4,
        "rules[0].words[0]",
        "'毒' stands in many other words",
    ),
}
