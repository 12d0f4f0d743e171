"""QR codes as SVG: dark on light whatever the page's colours, with the margin that scanners need."""

from io import BytesIO

import qrcode
from qrcode.image.svg import SvgPathFillImage


def qr_svg(text: str) -> str:
    """One <svg> element with a viewBox, so that the page decides its size. The page gives it a label."""
    image = qrcode.make(text, image_factory=SvgPathFillImage, border=4, error_correction=1)
    out = BytesIO()
    image.save(out)
    return out.getvalue().decode().partition("?>")[2].strip() or out.getvalue().decode()
