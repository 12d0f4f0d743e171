"""Addresses of pages, in the language of whoever reads, in the frame they read in."""

from portal_app.domain.embedding import into_frame
from portal_app.i18n_paths import localised_path
from portal_app.state.base import embedded_now


def address(language: str, path: str) -> str:
    return localised_path(language, into_frame(path) if embedded_now() else path)


def paper_address(language: str, path: str) -> str:
    """A download of the server, which has no language in its path."""
    return f"{into_frame(path) if embedded_now() else path}?lang={language}"
