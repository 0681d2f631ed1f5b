"""Names in a form in which they can be compared: whatever the script, the spelling, the legal form.

A name is compared twice: by its letters, which differ only where the name is spelled otherwise,
and by its sound, in which transliterations of one word meet (Toshkent, Ташкент, Tashkent) and the
commonest words of names in translation (davlat, государственный, state).
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

from klaster.ontology.names import APOSTROPHES


@dataclass(frozen=True)
class ComparableName:
    """A name as it is compared: its words, how they sound, and the legal forms split off."""

    words: tuple[str, ...]
    sounds: tuple[str, ...]
    legal_forms: frozenset[str]

    @property
    def letters(self) -> str:
        """The words in the order of the alphabet, so that their order in a name is no difference."""
        return " ".join(sorted(self.words))

    @property
    def sound(self) -> str:
        """The sounds in the order of the alphabet."""
        return " ".join(sorted(self.sounds))

    @property
    def numbers(self) -> str:
        """The numbers in the name: school 1 is not school 2."""
        return " ".join(sorted(word for word in self.words if word.isdigit()))


def comparable(name: str) -> ComparableName:
    """Return a name in its comparable form.

    Examples
    --------
    >>> comparable("ООО «Пахта»").words, comparable('"Paxta" MChJ').words
    (('paxta',), ('paxta',))
    >>> comparable("Ташкент").sounds == comparable("Toshkent").sounds
    True
    >>> sorted(comparable("«Пахта» АЖ").legal_forms)
    ['jsc']
    """
    words, forms = _without_legal_forms(_words(name))
    sounds = map(sound, words)
    heard = (_meanings().get(word, word) for word in sounds)
    return ComparableName(words, tuple(word for word in heard if word), forms)


_CYRILLIC: Final = str.maketrans(
    dict(zip("абвгдезийклмнопрстуфхыэ", "abvgdeziyklmnoprstufxie", strict=True))
    | {"ж": "j", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ё": "yo", "ю": "yu", "я": "ya"}
    | {"ъ": "", "ь": "", "ў": "o'", "ғ": "g'", "қ": "q", "ҳ": "h"}
    # Karakalpak and Kazakh letters, and Ukrainian і.
    | {"ә": "a", "ө": "o", "ү": "u", "ұ": "u", "ң": "ng", "һ": "h", "і": "i"}
)
# Letters of Turkish, Azeri and the new Uzbek Latin that stand for two, and undotted i.
_LATIN: Final = str.maketrans(
    {"ş": "sh", "ç": "ch", "ğ": "g'", "ı": "i", "ə": "a", "ø": "o", "ł": "l", "đ": "d"}
)
_YE: Final = re.compile(r"(?<![^\W_])е|(?<=[аеёиоуўыэюяъь])е")
_QUOTED: Final = re.compile(r"(?<![\w'])'(.*?)'(?!['\w])")
_INITIALS: Final = re.compile(r"(?<=\b\w)\.(?=\w\b)")
_SOFT: Final = re.compile(r"(?<![og])'|'(?=')")
# Between letters and digits: “No1” is “No 1”.
_DIGITS: Final = re.compile(r"(?<=\d)(?=[^\W\d_])|(?<=[^\W\d_])(?=\d)")
_WORD: Final = re.compile(r"[^\W_]+(?:'[^\W_]*)*")


def _words(name: str) -> list[str]:
    """Return the words of a name in small Latin letters."""
    text = unicodedata.normalize("NFKC", APOSTROPHES.sub("'", name.replace("№", " ")))
    text = unicodedata.normalize("NFKC", text.casefold())
    text = _INITIALS.sub("", _QUOTED.sub(r" \1 ", text).replace("&", " "))
    # In Russian and Uzbek a first е, or one after a vowel, is said ye.
    text = _YE.sub("ye", text).translate(_CYRILLIC).translate(_LATIN)
    if not text.isascii():
        parts = unicodedata.normalize("NFD", text)
        text = "".join(sign for sign in parts if not unicodedata.combining(sign))
    return _WORD.findall(_DIGITS.sub(" ", _SOFT.sub("", text)))


# Spellings of one sound, in the order in which they are tried; h stands for x, kh and h.
_SOUNDS: Final = tuple(
    (re.compile(found), heard)
    for found, heard in (
        ("text", "tekst"),
        ("tex$", "teks"),
        ("exp", "eksp"),
        ("techn", "tehn"),
        ("(?<=....)sk(iy|aya|oye|oe|oy|ogo)$", ""),
        ("o'", "u"),
        ("'", ""),
        ("dzh|dj|zh", "j"),
        ("kh", "h"),
        ("gh", "g"),
        ("ph", "f"),
        ("ck|c(?=[^eiyh]|$)", "k"),
        ("c(?=[eiy])|ts", "s"),
        ("q", "k"),
        ("x", "h"),
        ("w", "v"),
        ("ye", "e"),
        ("y", "i"),
        ("o", "a"),
        (r"(.)\1+", r"\1"),
    )
)


@lru_cache(maxsize=1 << 18)
def sound(word: str) -> str:
    """Return how a word sounds, with the spellings of one sound made the same.

    x, kh and h are one, as are q and k, y and i, a and o, oʻ and u. A number stays as it is.

    Examples
    --------
    >>> {sound(word) for word in ("paxta", "pakhta", "pahta")}
    {'pahta'}
    >>> sound("paxta") == sound("baxt")
    False
    """
    if any(sign.isdigit() for sign in word):
        return word
    heard = ""
    while heard != word:
        heard, word = word, _once(word)
    return word


def _once(word: str) -> str:
    for found, heard in _SOUNDS:
        word = found.sub(heard, word)
    return word


@cache
def _legal_forms() -> Mapping[tuple[str, ...], str]:
    """Return each spelling of a legal form, as words, with its code."""
    found: dict[tuple[str, ...], str] = {}
    for row in _rows("legal-form"):
        spellings = [*row["spellings"].split("|"), row["en"], row["ru"], row["uz"]]
        found |= {tuple(_words(spelling)): row["code"] for spelling in spellings}
    return found


_LINKING: Final = "of"


@cache
def _meanings() -> Mapping[str, str]:
    """Return the sounds of the commonest words of names, each with that of the Uzbek word.

    Words that only link others (of, and, named after) mean nothing.
    """
    found: dict[str, str] = {}
    for row in _rows("name-word"):
        meant = "" if row["broader"] == _LINKING else sound(_words(row["uz"])[0])
        for spelling in [*row["spellings"].split("|"), row["en"], row["ru"], row["uz"]]:
            found[sound(_words(spelling)[0])] = meant
    return found


def _rows(scheme: str) -> list[dict[str, str]]:
    path = files("klaster.ontology").joinpath("codes", f"{scheme}.csv")
    with path.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@cache
def _longest() -> int:
    return max(map(len, _legal_forms()))


def _without_legal_forms(words: list[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Split the legal forms off both ends of a name, as long as something of the name remains."""
    forms: set[str] = set()
    while True:
        begin, end = _form_at(words, first=True), _form_at(words, first=False)
        if not begin and not end:
            return tuple(words), frozenset(forms)
        if begin:
            forms.add(_legal_forms()[begin])
            words = words[len(begin) :]
        else:
            forms.add(_legal_forms()[end])
            words = words[: -len(end)]


def _form_at(words: list[str], *, first: bool) -> tuple[str, ...]:
    """Return the longest legal form with which a name begins or ends."""
    for length in range(min(_longest(), len(words) - 1), 0, -1):
        part = tuple(words[:length] if first else words[-length:])
        if part in _legal_forms():
            return part
    return ()
