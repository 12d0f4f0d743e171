"""POST /webhooks/stripe: the processor's events. The signature of the raw body is checked first."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from portal_app.domain.access import system_principal
from portal_app.gateways import gateways
from portal_app.gateways.signatures import InvalidSignature, MalformedWebhook
from portal_app.services.billing.payments.webhooks import EventOutcome, handle_webhook
from portal_app.web.threads import in_webhook_thread

_LARGEST = 1_000_000  # bytes; Stripe's own events stay far below


async def webhook(request: Request) -> Response:
    """Take a report of the processor: 200 handled, 400 unsigned or unreadable, 413 too large, 503 send it again."""
    body = await _raw(request)
    if body is None:
        return PlainTextResponse("too large", 413)
    processor = gateways().payments
    try:
        event = processor.read_webhook(body, request.headers.get("stripe-signature", ""))
    except InvalidSignature:
        return PlainTextResponse("bad signature", 400)
    except MalformedWebhook:
        return PlainTextResponse("unreadable", 400)
    outcome = await in_webhook_thread(handle_webhook, system_principal("webhook"), event, processor=processor)
    if outcome is EventOutcome.RETRY_LATER:
        return PlainTextResponse("later", 503)
    return PlainTextResponse("ok")


async def _raw(request: Request) -> bytes | None:
    """The raw body; None when it is larger than any event."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _LARGEST:
            return None
    return bytes(body)


routes = [Route("/webhooks/stripe", webhook, methods=["POST"])]
