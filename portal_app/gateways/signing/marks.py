"""Finds the mark of a copy in a file that was saved again: such a file may have lost the seal, not its properties."""

import re
import zlib
from collections.abc import Iterator
from itertools import islice

MARK = re.compile(rb"agc_[0-9a-f]{32}\.[0-9a-f]{32}")
_STREAM = re.compile(rb"(/ObjStm|/Metadata)[^\x00]{0,300}?stream\r?\n")
_MOST_STREAMS, _MOST_BYTES = 50, 1_000_000  # each
_MOST_MARKS = 5


def find_marks(content: bytes) -> list[str]:
    """The marks in the file and in its compressed properties; little is unpacked, whatever the file claims."""
    plain = islice(MARK.finditer(content), _MOST_MARKS)
    found = [match.group().decode() for match in plain]
    for text in _unpacked(content) if not found else ():
        found += [match.group().decode() for match in islice(MARK.finditer(text), _MOST_MARKS)]
        if found:
            break
    return found


def _unpacked(content: bytes) -> Iterator[bytes]:
    for match in islice(_STREAM.finditer(content), _MOST_STREAMS):
        try:
            yield zlib.decompressobj().decompress(
                content[match.end() : match.end() + _MOST_BYTES], _MOST_BYTES
            )
        except zlib.error:
            continue
