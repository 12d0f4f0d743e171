"""The demo practice's own website: one page, of another site than the portal, with the portal in a frame."""

from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from portal_app.domain.sites.embedding import FRAME
from portal_app.i18n_paths import localised_path
from portal_app.settings import settings

_PAGE = Path(__file__).parent / "practice_site" / "index.html"
_WORDS = {
    "/": {
        "language": "en",
        "title": "Pay your invoice",
        "words": "Sign in with a code to see what you owe and pay it here. No password, no extra fee.",
        "bottom": "Monday to Friday, 8:00 am to 5:30 pm. Call 212 555 0100. In an emergency call 911.",
        "other": "/es",
        "other_language": "es",
        "other_name": "Español",
    },
    "/es": {
        "language": "es",
        "title": "Pague su factura",
        "words": "Inicie sesión con un código para ver lo que debe y pagarlo aquí. Sin contraseña ni cargos adicionales.",
        "bottom": "De lunes a viernes, de 8:00 a 17:30. Llame al 212 555 0100. En una emergencia llame al 911.",
        "other": "/",
        "other_language": "en",
        "other_name": "English",
    },
}


def page(path: str, portal: str) -> str | None:
    """The page at `path` with the portal at `portal` in its frame; None for what is not there."""
    words = _WORDS.get(path)
    if words is None:
        return None
    html = _PAGE.read_text("utf-8")
    for name, value in {**words, "frame": portal + localised_path(words["language"], FRAME)}.items():
        html = html.replace(f"{{{name}}}", escape(value))
    return html


def practice_site(port: int, portal: str = "") -> ThreadingHTTPServer:
    """Its server at http://127.0.0.1:port, not yet serving. OSError when the port is taken."""
    address = portal or settings().public_url

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            html = page(self.path.partition("?")[0], address)
            content = (html or "Not Found").encode()
            self.send_response(200 if html else 404)
            self.send_header("Content-Type", f"text/{'html' if html else 'plain'}; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    return ThreadingHTTPServer(("127.0.0.1", port), Answer)
