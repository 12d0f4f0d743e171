"""The bundled list of common passwords."""

import gzip
from functools import cache
from pathlib import Path

_LIST = Path(__file__).parents[2] / "common_passwords.txt.gz"


def is_common(text: str) -> bool:
    """Whether this lower-case text is on the list."""
    return text in _common()


@cache
def _common() -> frozenset[str]:
    return frozenset(gzip.decompress(_LIST.read_bytes()).decode().split("\n"))
