"""Counts, dates and lists as people of a language write them."""

from __future__ import annotations

from collections.abc import Sequence

from klaster.graph.views.table import shown
from klaster.ontology.labels import phrase


def counted(key: str, number: int, language: str) -> str:
    """Return a number with what it counts, in the form that the number asks for.

    The phrase ``count.KEY`` holds the forms, divided by ``|``: one and several in English; one,
    a few and many in Russian; one form in Uzbek.

    Examples
    --------
    >>> counted("actors", 1, "en"), counted("actors", 71, "ru"), counted("actors", 12, "ru")
    ('1 actor', '71 участник', '12 участников')
    >>> counted("actors", 1200, "en")
    '1,200 actors'
    """
    forms = phrase(f"count.{key}", language, n=shown(number, language)).split("|")
    return forms[min(_form(number, language), len(forms) - 1)]


def _form(number: int, language: str) -> int:
    """Return which plural form a number asks for, by the rules of Unicode CLDR."""
    if language == "ru":
        tens, ones = number % 100, number % 10
        if 11 <= tens <= 14 or ones in (0, *range(5, 10)):
            return 2
        return 0 if ones == 1 else 1
    return 0 if language == "uz" or number == 1 else 1


def dated(text: str, language: str) -> str:
    """Return a date, or a month or a year where no more is known, in words.

    Examples
    --------
    >>> dated("2026-11-05", "en"), dated("2026-11-05", "ru"), dated("2026-11-05", "uz")
    ('5 November 2026', '5 ноября 2026 г.', '2026-yil 5-noyabr')
    >>> dated("2026-11", "uz"), dated("2026", "ru"), dated("about 1990", "en")
    ('2026-yil noyabr', '2026 г.', 'about 1990')
    """
    year, *rest = text[:10].split("-")
    try:
        month, day = ([int(part) for part in rest] + [0, 0])[:2]
        int(year)
    except ValueError:
        return text
    if len(year) != 4 or not 0 <= month <= 12:
        return text
    if not month:
        return phrase("date.year", language, year=year)
    name = phrase(f"month.{month}" if day else f"month.alone.{month}", language)
    return phrase("date.day" if day else "date.month", language, year=year, month=name, day=day)


def percent(share: float, language: str, *, places: int = 0) -> str:
    r"""Return a share in percent, as people of the language write it.

    Examples
    --------
    >>> percent(0.456, "en"), percent(0.456, "ru"), percent(0.004, "en"), percent(0, "uz")
    ('46%', '46\xa0%', '<1%', '0%')
    >>> percent(0.0123, "uz", places=1)
    '1,2%'
    """
    least = 0.5 / 10 ** (places + 2)
    if 0 < share < least:
        figure = f"<{decimal(1 / 10**places, language, places=places)}"
    else:
        figure = decimal(100 * share, language, places=places)
    return f"{figure}\N{NO-BREAK SPACE}%" if language == "ru" else f"{figure}%"


def decimal(value: float, language: str, *, places: int = 2) -> str:
    """Return a figure with so many decimal places, with the language's decimal sign.

    Examples
    --------
    >>> decimal(0.666, "en"), decimal(0.666, "ru")
    ('0.67', '0,67')
    """
    text = f"{value:.{places}f}"
    return text if language == "en" else text.replace(".", ",")


def joined(items: Sequence[str], language: str) -> str:
    """Return things as a list within a sentence.

    Examples
    --------
    >>> joined(["a", "b", "c"], "en"), joined(["a", "b"], "uz"), joined([], "ru")
    ('a, b and c', 'a va b', '')
    """
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {phrase('list.and', language)} {items[-1]}"


def first_capital(text: str) -> str:
    """Return a text that begins with a capital letter, as a sentence or a heading does.

    Examples
    --------
    >>> first_capital("oʻrin"), first_capital("")
    ('Oʻrin', '')
    """
    return text[:1].upper() + text[1:]
