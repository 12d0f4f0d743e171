"""A PDF changed after it was sealed, in the ways that a program does it."""

import io

from pyhanko.pdf_utils.generic import DictionaryObject, NumberObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter


def with_turned_page(content: bytes) -> bytes:
    """The first page turned by 90 degrees as an incremental update, as an editor appends it."""
    writer = IncrementalPdfFileWriter(io.BytesIO(content))
    page = writer.find_page_for_modification(0)[0].get_object()
    assert isinstance(page, DictionaryObject)
    page["/Rotate"] = NumberObject(90)
    writer.update_container(page)
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()
