"""Addresses of pages, in the language of the page and in its frame."""

from portal_app.domain.sites.embedding import into_frame
from portal_app.i18n_paths import localised_path
from portal_app.state.base import embedded_now


def address(language: str, path: str) -> str:
    """The path in the language, in the frame where the page is in one."""
    return localised_path(language, into_frame(path) if embedded_now() else path)


def last_part(path: str) -> str:
    """The last part of a page's path, which names what the page is about: "inv_1" of "/invoices/inv_1"."""
    return path.rstrip("/").rpartition("/")[2]


def document_address(language: str, path: str) -> str:
    """A PDF of the server: the language is in its query, not in its path."""
    return f"{into_frame(path) if embedded_now() else path}?lang={language}"
