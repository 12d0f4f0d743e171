"""Paths of pages by language: the first of PORTAL_LANGUAGES has the bare paths, each other its prefix.

Everybody who builds or reads such a path calls this module: the pages' routes, links, redirects and messages.
"""

from portal_app.settings import settings


def default_language() -> str:
    """The language of the paths without a prefix: the first of PORTAL_LANGUAGES."""
    return settings().languages[0]


def supported_language(wanted: str) -> str:
    """`wanted` where the portal has pages in it, else the default language."""
    return wanted if wanted in settings().languages else default_language()


def localised_path(language: str, path: str) -> str:
    """`path` (it begins with "/", a query may follow) in `language`: "/invoices" becomes "/es/invoices".

    A language without pages gets the path of the default language.
    """
    if supported_language(language) == default_language():
        return path
    return f"/{language}{path}" if path != "/" else f"/{language}"


def localised_url(language: str, path: str = "/") -> str:
    """The same as an address for messages and QR codes: "https://my.example.org/es/invoices".

    Without `path` it has no slash at its end.
    """
    return settings().public_url.rstrip("/") + localised_path(language, path).rstrip("/")


def language_of_path(path: str) -> str:
    """The language of the page at `path`: that of its prefix, else the default one."""
    return supported_language(path.lstrip("/").partition("/")[0])


def bare_path(path: str) -> str:
    """`path` (a query may follow) without the prefix of its language: "/es/invoices" becomes "/invoices"."""
    prefix, _, rest = path.removeprefix("/").partition("/")
    return f"/{rest}" if prefix in settings().languages[1:] else path
