"""Names of people, reduced to what is compared."""

import re
import unicodedata


def initials(given_name: str, family_name: str) -> str:
    """The two initials without accents: "MR" for Maria Rivera."""
    return plain_letters(given_name)[:1] + plain_letters(family_name)[:1]


def plain_letters(text: str) -> str:
    """The letters of a text in capitals, without accents, dots and spaces: "MR" for "m. r."."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in decomposed if letter.isalpha()).upper()


def name_key(text: str) -> str:
    """The key by which names are compared: equal keys mean the same name."""
    return " ".join(plain_letters(word) for word in re.split(r"[\s\-'’.]+", text) if plain_letters(word))
