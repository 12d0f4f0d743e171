"""Files for the browser: the simulator's Stripe.js, the card frame, the 3-D Secure frame.

Each frame has its own policy: nothing inline, nothing from elsewhere. Any page may frame them, as Stripe's.
"""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

_HERE = Path(__file__).parent / "static"
_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:;"
    " base-uri 'none'; form-action 'none'; object-src 'none'"
)
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
_FILES = frozenset(path.name for path in _HERE.iterdir() if path.suffix in _TYPES)


def _page(name: str) -> HTMLResponse:
    return HTMLResponse((_HERE / name).read_text(), headers={**_HEADERS, "Content-Security-Policy": _POLICY})


def card_frame(request: Request) -> HTMLResponse:
    return _page("card.html")


def challenge_frame(request: Request) -> HTMLResponse:
    return _page("challenge.html")


def static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _FILES:
        return Response(status_code=404)
    return _file(name)


def script(request: Request) -> Response:
    return _file("stripe.js")


def _file(name: str) -> Response:
    kind = _TYPES[Path(name).suffix]
    headers = {**_HEADERS, "Access-Control-Allow-Origin": "*"}
    return Response((_HERE / name).read_bytes(), media_type=kind, headers=headers)


def routes() -> list[Route]:
    return [
        Route("/stripe.js", script),
        Route("/{train:str}/stripe.js", script),
        Route("/frames/card", card_frame),
        Route("/frames/challenge", challenge_frame),
        Route("/static/{name:str}", static),
    ]
