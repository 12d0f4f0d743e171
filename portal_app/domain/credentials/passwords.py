"""Usernames and passwords: which are accepted (DOMAIN.md, Access)."""

import re
import unicodedata
from collections.abc import Callable, Iterable

from portal_app.domain.credentials.errors import (
    PasswordHasOwnName,
    PasswordTooCommon,
    PasswordTooLong,
    PasswordTooShort,
    UsernameCharacters,
    UsernameLength,
)

PASSWORD_AT_LEAST = 12  # characters; NIST SP 800-63B-4: 8 with a second factor, 15 alone
PASSWORD_AT_MOST = 200
USERNAME_AT_LEAST, USERNAME_AT_MOST = 3, 64


def username_key(username: str) -> str:
    """The key by which usernames are compared: NFKC, case folded, without spaces around."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", username).casefold()).strip()


def checked_username(username: str) -> str:
    """The username as it is shown: NFKC, without spaces around.

    Raises:
        UsernameLength: it has fewer than 3 or more than 64 characters.
        UsernameCharacters: it holds a space or a sign other than . _ - @ +
    """
    shown = unicodedata.normalize("NFKC", username).strip()
    if not USERNAME_AT_LEAST <= len(shown) <= USERNAME_AT_MOST:
        raise UsernameLength(least=USERNAME_AT_LEAST, most=USERNAME_AT_MOST)
    if not all(letter.isalnum() or letter in "._-@+" for letter in shown):
        raise UsernameCharacters
    return shown


def password_text(password: str) -> str:
    """The password in NFKC, which is what is hashed: the same letters from another keyboard give the same hash."""
    return unicodedata.normalize("NFKC", password)


def check_new_password(
    password: str, *, personal_words: Iterable[str], is_common: Callable[[str], bool]
) -> None:
    """Refuse a weak password. Any characters are allowed; no mix of kinds is asked for (NIST SP 800-63B-4).

    Args:
        personal_words: the person's names, emails, username and date of birth.
        is_common: tells whether a lower-case text is on the list of common passwords.

    Raises:
        PasswordTooShort, PasswordTooLong: it does not have 12 to 200 characters.
        PasswordTooCommon: it is on the list, or a variation of an entry.
        PasswordHasOwnName: it consists mostly of personal words.
    """
    text = password_text(password)
    if len(text) < PASSWORD_AT_LEAST:
        raise PasswordTooShort(least=PASSWORD_AT_LEAST)
    if len(text) > PASSWORD_AT_MOST:
        raise PasswordTooLong(most=PASSWORD_AT_MOST)
    if any(is_common(variation) for variation in _variations(text)):
        raise PasswordTooCommon
    if _consists_of(text.casefold(), personal_words):
        raise PasswordHasOwnName


def _variations(text: str) -> set[str]:
    """The text in the forms that are looked up: whole, without digits and signs at its ends, and its repeated part."""
    folded = text.casefold()
    bare = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", folded)
    forms = {folded, bare, folded.replace(" ", "")}
    if repeated := re.fullmatch(r"(.+?)\1+", folded):
        forms.add(repeated[1])
        if len(repeated[1]) < 4:
            forms.add("password")  # "aaaa…" and "ababab…" count as common
    return forms - {""}


def _consists_of(folded: str, personal_words: Iterable[str]) -> bool:
    """Whether little is left without the personal words. A long phrase may hold one of them."""
    rest = folded
    words = {part for word in personal_words for part in (word, *re.split(r"[\W_]+", word))}
    for word in sorted({w.casefold() for w in words if len(w) >= 3}, key=len, reverse=True):
        rest = rest.replace(word, "")
    return rest != folded and len(re.sub(r"[\W\d_]", "", rest)) < PASSWORD_AT_LEAST // 2
