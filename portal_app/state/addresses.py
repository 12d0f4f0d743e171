"""Addresses of pages, in the language of whoever reads."""

from portal_app.settings import settings


def address(language: str, path: str) -> str:
    return path if language == settings().languages[0] else f"/{language}{path}"
