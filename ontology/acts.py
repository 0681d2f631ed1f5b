"""Numbers of Uzbek acts: one act is cited in two languages, two scripts and many spellings."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Final

from klaster.ontology.names import fold

# A kind of act by the letters of its number, in Uzbek (Latin, Cyrillic) and Russian.
_LETTERS: Final = {
    "PF": ("PF", "ПФ", "UP", "УП"),
    "PQ": ("PQ", "ПҚ", "PP", "ПП"),
    "F": ("F", "Ф", "R", "Р"),
    "VMQ": ("VMQ", "ВМҚ", "PKM", "ПКМ"),
    "ORQ": ("OʻRQ", "ЎРҚ", "ZRU", "ЗРУ"),
}
# Letters without their tails and marks, and other forms that are met.
_ALSO: Final = {
    "PQ": ("ПК", "PK"),
    "F": ("РП", "RP"),
    "VMQ": ("ВМК", "VMK"),
    "ORQ": ("ORQ", "ЎРК", "УРҚ", "УРК"),
}
# Letters that look alike in capitals, Latin and Cyrillic, as they are after folding.
_ALIKE: Final = ("abcehkmoptxyi", "авсенкмортхуі")

_ISSUERS: Final = {
    "president": ("президент", "prezident", "president"),
    "cabinet": ("кабинет", "кабмин", "вазирлар", "vazirlar", "cabinet"),
}
_TYPES: Final = {
    "decree": ("указ", "фармон", "farmon", "decree"),
    "resolution": ("постановлен", "қарор", "qaror", "resolution"),
    "order": ("распоряжен", "фармойиш", "farmoyish", "order"),
    "law": ("закон", "қонун", "qonun"),
}
_KIND_BY_WORDS: Final = {
    ("president", "decree"): "PF",
    ("president", "resolution"): "PQ",
    ("president", "order"): "F",
    ("cabinet", "resolution"): "VMQ",
    ("", "law"): "ORQ",
}
# What else a citation is made of.
_IDLE_WORDS: Final = """
no n num number номер # от of the dated on in dan son sonli сон сонли dagi даги
г год года й йил йилдаги y yil yildagi sana руз ruz рес респ
республика республики республикаси республикасининг respublikasi respublikasining republic
узбекистан узбекистана ўзбекистон o'zbekiston uzbekistan law
министров маҳкамаси маҳкамасининг mahkamasi mahkamasining ministers
- . , : ; ( ) [ ] « » “ ” „ " '
"""
_IDLE: Final = frozenset(_IDLE_WORDS.split())
_MONTHS: Final = (
    ("январ", "yanvar", "january", "jan"),
    ("феврал", "fevral", "february", "feb"),
    ("март", "mart", "march", "mar"),
    ("апрел", "aprel", "april", "apr"),
    ("май", "мая", "may"),
    ("июн", "iyun", "june", "jun"),
    ("июл", "iyul", "july", "jul"),
    ("август", "avgust", "august", "aug"),
    ("сентябр", "sentyabr", "sentabr", "september", "sep"),
    ("октябр", "oktyabr", "oktabr", "october", "oct"),
    ("ноябр", "noyabr", "november", "nov"),
    ("декабр", "dekabr", "december", "dec"),
)
_MONTH: Final = r"(?P<month>[^\W\d_]{3,})"
_DATES: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<!\d)(?P<year>\d{4})-(?P<number>\d\d?)-(?P<day>\d\d?)(?!\d)",
        r"(?<!\d)(?P<day>\d\d?)[./](?P<number>\d\d?)[./](?P<year>\d{4})(?!\d)",
        rf"(?<!\d)(?P<day>\d\d?)[\s-]+{_MONTH}[\s,]+(?P<year>\d{{4}})(?!\d)",
        rf"{_MONTH}\s+(?P<day>\d\d?),?\s+(?P<year>\d{{4}})(?!\d)",
        rf"(?<!\d)(?P<year>\d{{4}})[\s-]*(?:yil|йил)\w*\s+(?P<day>\d\d?)[\s-]*{_MONTH}",
    )
)
_DASHES: Final = re.compile("[‐‑‒–—―−]")
_TITLE: Final = re.compile('[«“„"].*[»”“"]')
_TOKEN: Final = re.compile(r"\d+(?:-[ivxіх]+|[abаб])?(?!\w)|[^\W\d_]+(?:'[^\W\d_]+)*|\S")
_NUMBER: Final = re.compile(r"0*[1-9]\d{0,4}(?:-[ivx]+|[ab])?")
_TO_LATIN: Final = str.maketrans("ivxіхабв", "ivxixabv")
_LONGEST: Final = 1000


@dataclass(frozen=True)
class ActNumber:
    """The number of an act: its kind by the Uzbek letters, and what stands after them.

    ``adopted`` is the day that a citation gives beside the number, in ISO form, or nothing; it is
    no part of the number.
    """

    kind: str
    number: str
    adopted: str = field(default="", compare=False)

    def __str__(self) -> str:
        """Return the number in the one form in which klaster writes it."""
        return self.aliases[0]

    @property
    def aliases(self) -> tuple[str, ...]:
        """The number in Uzbek Latin and Cyrillic, then as Russian writes it in both scripts."""
        return tuple(f"{letters}-{self.number}" for letters in _LETTERS[self.kind])


@lru_cache(maxsize=4096)
def act_number(text: str) -> ActNumber | None:
    """Return the number of the act that a text cites, and nothing where it cites no one act.

    A citation may give the day and the title (in quotation marks) and say in words what kind of
    act it is; with anything else in it, such as an item or an annex, it is no citation of an act.

    Examples
    --------
    >>> str(act_number("Указ Президента РУз № УП-60 от 28.01.2022 г."))
    'PF-60'
    >>> act_number("Vazirlar Mahkamasining 733-son qarori").aliases
    ('VMQ-733', 'ВМҚ-733', 'PKM-733', 'ПКМ-733')
    >>> act_number("item 2 of UP-6") is None
    True
    """
    if len(text) > _LONGEST or not any(sign.isdigit() for sign in text):
        return None
    folded = _DASHES.sub("-", fold(text.replace("№", " no ")))
    untitled = _TITLE.sub(" ", folded)
    rest, adopted = _without_date(untitled if re.search(r"\d", untitled) else folded)
    tokens = _TOKEN.findall(rest)
    kinds = {kind for at, _ in enumerate(tokens) if (kind := _kind(tokens, at))}
    kinds = kinds or _kind_by_words(tokens)
    numbers = {token for token in tokens if token[0].isdigit()}
    if len(kinds) != 1 or len(numbers) != 1 or not _is_citation(tokens):
        return None
    number = numbers.pop().translate(_TO_LATIN)
    if not _NUMBER.fullmatch(number):
        return None
    main, dash, session = number.lstrip("0").partition("-")
    return ActNumber(kinds.pop(), main + dash + session.upper(), adopted)


@cache
def _spellings() -> dict[str, str]:
    return {
        fold(letters): kind
        for known in (_LETTERS, _ALSO)
        for kind, spelled in known.items()
        for letters in spelled
    }


def _kind_of_letters(token: str) -> str:
    """Return the kind of act that letters stand for, also where the scripts are mixed."""
    latin, cyrillic = _ALIKE
    for form in (
        token,
        token.translate(str.maketrans(latin, cyrillic)),
        token.translate(str.maketrans(cyrillic, latin)),
    ):
        if form in _spellings():
            return _spellings()[form]
    return ""


def _kind(tokens: list[str], at: int) -> str:
    """Return the kind of act that a word of a citation stands for.

    A single letter is one only where the number follows: “Ф-1”, “Р № 1”.
    """
    token = tokens[at]
    if len(token) == 1 and tokens[at + 1 : at + 2] not in (["-"], ["no"]):
        return ""
    return "" if token in _IDLE else _kind_of_letters(token)


def _named_by(token: str, stems: dict[str, tuple[str, ...]]) -> str:
    return next((name for name, begun in stems.items() if token.startswith(begun)), "")


def _kind_by_words(tokens: list[str]) -> set[str]:
    issuers = {found for token in tokens if (found := _named_by(token, _ISSUERS))}
    types = {found for token in tokens if (found := _named_by(token, _TYPES))}
    return {
        kind
        for (issuer, name), kind in _KIND_BY_WORDS.items()
        if types == {name} and issuers == ({issuer} if issuer else set())
    }


def _is_citation(tokens: list[str]) -> bool:
    return all(
        token[0].isdigit()
        or token in _IDLE
        or _kind(tokens, at)
        or _named_by(token, _ISSUERS)
        or _named_by(token, _TYPES)
        for at, token in enumerate(tokens)
    )


def _without_date(text: str) -> tuple[str, str]:
    """Return a text without the day that it names, and that day in ISO form."""
    for pattern in _DATES:
        for match in pattern.finditer(text):
            day = _day(match.groupdict())
            if day:
                return f"{text[: match.start()]} {text[match.end() :]}", day
    return text, ""


def _day(parts: dict[str, str]) -> str:
    word = parts.get("month", "")
    by_word = [at for at, stems in enumerate(_MONTHS, start=1) if word.startswith(stems)]
    month = int(parts["number"]) if "number" in parts else next(iter(by_word), 0)
    try:
        return dt.date(int(parts["year"]), month, int(parts["day"])).isoformat()
    except ValueError:
        return ""
