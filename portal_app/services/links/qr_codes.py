"""QR codes as SVG: dark on light whatever the page's colours, with its quiet zone."""

from io import BytesIO

import qrcode
from qrcode.image.svg import SvgPathFillImage


def qr_svg(text: str) -> str:
    """One <svg> element, with a viewBox and no fixed meaning of its size; label it where it is shown."""
    made = qrcode.make(text, image_factory=SvgPathFillImage, border=4, error_correction=1)
    out = BytesIO()
    made.save(out)
    return out.getvalue().decode().partition("?>")[2].strip() or out.getvalue().decode()
