"""POST /webhooks/sms: texts to the practice, posted by the SMS service. The signature is checked first."""

from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from portal_app.domain.access import system_principal
from portal_app.gateways import gateways
from portal_app.gateways.signatures import InvalidSignature, MalformedWebhook
from portal_app.services.messaging.incoming_sms import receive_sms
from portal_app.settings import settings
from portal_app.web.threads import in_thread

ADDRESS = "/webhooks/sms"
_LARGEST = 64_000  # bytes
_NO_REPLY = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


async def webhook(request: Request) -> Response:
    """Answers TwiML with or without a reply. 403 not signed by the SMS service for this address; 400 unreadable."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _LARGEST:
            return PlainTextResponse("too large", 413)
    try:
        form = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=100))
        signature = request.headers.get("x-twilio-signature", "")
        text = gateways().sms.read_incoming(settings().public_url.rstrip("/") + ADDRESS, form, signature)
    except (InvalidSignature, ValueError):
        return PlainTextResponse("bad signature", 403)
    except MalformedWebhook:
        return PlainTextResponse("unreadable", 400)
    reply = await in_thread(receive_sms, system_principal("text"), text)
    return Response(_twiml(reply) if reply else _NO_REPLY, media_type="text/xml")


def _twiml(reply: str) -> str:
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return f"{head}<Response><Message>{escape(reply)}</Message></Response>"


routes = [Route(ADDRESS, webhook, methods=["POST"])]
