"""Names are compared whatever the script, the spelling or the legal form, and not beyond that."""

from __future__ import annotations

import random

import pytest

import klaster.ontology.comparable as module
from klaster.ontology.codes import codes
from klaster.ontology.comparable import comparable, sound
from klaster.ontology.names import fold

APOSTROPHES = "'ʻʼ‘’`´ʹ"
# The Uzbek alphabet in both scripts; digraphs first, as they have to be read first.
LETTERS = [
    ("sh", "ш"), ("ch", "ч"), ("oʻ", "ў"), ("gʻ", "ғ"), ("yo", "ё"), ("yu", "ю"), ("ya", "я"),
    ("ye", "е"), *zip("abdfghijklmnopqrstuvxz", "абдфгҳижклмнопқрстувхз", strict=True),
]  # fmt: skip


def syllables(chance: random.Random) -> tuple[str, str]:
    """Return a made-up word in Latin and in Cyrillic letters."""
    consonants = [pair for pair in LETTERS if pair[0][0] not in "aeiouy"]
    vowels = [pair for pair in LETTERS if pair[0] in ("a", "o", "oʻ", "i", "u")]
    pairs = [
        pair
        for _ in range(chance.randint(2, 4))
        for pair in (chance.choice(consonants), chance.choice(vowels))
    ]
    # s and h apart would be read as sh, c never stands by itself.
    return "".join(latin for latin, _ in pairs), "".join(cyrillic for _, cyrillic in pairs)


@pytest.mark.parametrize("seed", range(200))
def test_a_name_is_the_same_in_any_script_case_apostrophe_and_punctuation(seed) -> None:
    chance = random.Random(seed)  # noqa: S311
    words = [syllables(chance) for _ in range(chance.randint(1, 4))]
    latin, cyrillic = (" ".join(word[side] for word in words) for side in (0, 1))
    known = comparable(latin)
    assert comparable(cyrillic) == known
    assert comparable(latin.replace("ʻ", chance.choice(APOSTROPHES))) == known
    assert comparable(latin.upper()) == comparable(latin.title()) == known
    assert comparable(cyrillic.upper()) == known
    assert comparable(f" «{latin.replace(' ', ' - ')}». ") == known
    # A word that ends in oʻ or gʻ inside single quotation marks cannot be told from their end.
    if "ʻ " not in latin:
        assert comparable(f"'{latin}'") == known


@pytest.mark.parametrize("seed", range(200))
def test_what_is_compared_stays_the_same_when_compared_again(seed) -> None:
    chance = random.Random(seed)  # noqa: S311
    signs = "abcdefghijklmnopqrstuvwxyzабвгдеёжзийклмнопрстуфхцчшщъыьэюяўғқҳşçğ'ʻ- .\"«12№İßéÖ"
    name = "".join(chance.choice(signs) for _ in range(chance.randint(1, 30)))
    once = comparable(name)
    again = comparable(" ".join(once.words))
    assert again.words == once.words
    assert again.sounds == once.sounds
    assert all(sound(sound(word)) == sound(word) for word in once.words)


@pytest.mark.parametrize(
    "spellings",
    [
        ("Toshkent", "Ташкент", "Tashkent", "Тошкент"),
        ("paxta", "пахта", "pahta", "pakhta", "хлопок", "Cotton"),
        ("Samarqand", "Самарканд", "Samarkand", "Самарқанд"),
        ("Buxoro", "Бухара", "Bukhara", "Бухоро"),
        ("Andijon", "Андижан", "Andijan", "Andizhan", "Андижон"),
        ("Navoiy", "Навои", "Navoi", "Навоий"),
        ("Oʻzbekiston", "Узбекистан", "Uzbekistan", "O`ZBEKISTON", "Ўзбекистон", "O´zbekiston"),
        ("Jizzax", "Jizzakh", "Жиззах"),
        ("Qoʻqon", "Қўқон"),
        ("Yevropa", "Европа"),
        ("Uztex", "Узтекс", "UzTeks"),
        ("toʻqimachilik", "тўқимачилик", "текстиль", "Textile"),
        ("Toshkent davlat universiteti", "Ташкентский государственный университет"),
        ("Alisher Navoiy nomidagi", "имени Алишера Навоий".replace("Алишера", "Алишер")),
    ],
)
def test_spellings_of_one_name_sound_the_same(spellings) -> None:
    assert len({comparable(spelling).sound for spelling in spellings}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Paxtakor", "Baxtakor"),
        ("Navoiy", "Namangan"),
        ("Karshi", "Kashgar"),
        ("Shahrisabz", "Sarosiyo"),
        ("Xiva", "Kiva"),
        ("choy", "shoy"),
        ("jun", "zun"),
        ("togʻ", "tok"),
        ("Maktab 1", "Maktab 2"),
        ("5 Zavod", "Zavod"),
        ("Turon bank", "Turon zavod"),
        ("Nur", "Nor"),
        ("oʻt", "ot"),
    ],
)
def test_different_names_do_not_sound_the_same(one, other) -> None:
    assert comparable(one).sound != comparable(other).sound


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("«Пахта» МЧЖ", "llc"),
        ("Paxta MChJ", "llc"),
        ("ООО «Пахта»", "llc"),
        ("PAXTA LLC", "llc"),
        ("Paxta L.L.C.", "llc"),
        ("Paxta Co., Ltd.", "llc"),
        ("Masʼuliyati cheklangan jamiyat “Paxta”", "llc"),
        ("Общество с ограниченной ответственностью Пахта", "llc"),
        ("АО Пахта", "jsc"),
        ("Paxta aksiyadorlik jamiyati", "jsc"),
        ("Paxta JSC", "jsc"),
        ("ОАО «Пахта»", "open-jsc"),
        ("ЗАО «Пахта»", "closed-jsc"),
        ("Paxta QK", "joint-venture"),
        ("СП Пахта", "joint-venture"),
        ("Paxta XK", "private-enterprise"),
        ("ЧП Пахта", "private-enterprise"),
        ("ГУП «Пахта»", "state-unitary-enterprise"),
        ("Paxta DUK", "state-unitary-enterprise"),
        ("Paxta F/X", "farm"),
        ("Paxta GmbH", "llc"),
        ("Paxta Inc.", "corporation"),
        ("Paxta S.A.", "jsc"),
    ],
)
def test_a_legal_form_is_split_off_and_told_apart(name, form) -> None:
    found = comparable(name)
    assert found.words == ("paxta",)
    assert found.legal_forms == {form}


def test_several_legal_forms_are_split_off_and_a_name_of_nothing_else_is_kept() -> None:
    assert comparable("MChJ QK «Indorama»").legal_forms == {"llc", "joint-venture"}
    assert comparable("LLC").words == ("llc",)
    assert comparable("Agro SP Servis").words == ("agro", "sp", "servis")


def test_the_order_of_the_words_is_no_difference() -> None:
    assert comparable("Kokand Textile").letters == comparable("Textile Kokand").letters


def test_a_name_without_letters_has_no_words() -> None:
    assert comparable("«»  - ´").words == ()


def test_the_accent_typed_for_an_apostrophe_folds_like_any_other() -> None:
    assert len({fold(f"O{sign}zbek") for sign in APOSTROPHES}) == 1


def test_no_spelling_stands_for_two_legal_forms_or_two_words() -> None:
    for scheme in ("legal-form", "name-word"):
        assert codes(scheme)
    forms: dict[tuple[str, ...], str] = {}
    words: dict[str, str] = {}
    for row in module._rows("legal-form"):
        for spelling in [*row["spellings"].split("|"), row["en"], row["ru"], row["uz"]]:
            form = tuple(module._words(spelling))
            assert forms.setdefault(form, row["code"]) == row["code"], spelling
    for row in module._rows("name-word"):
        for spelling in [*row["spellings"].split("|"), row["en"], row["ru"], row["uz"]]:
            key = sound(module._words(spelling)[0])
            assert words.setdefault(key, row["code"]) == row["code"], spelling
