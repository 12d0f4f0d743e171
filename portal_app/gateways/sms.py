"""SMS by Twilio's REST API. It answers Sent or Failed; it does not raise for what carriers do."""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
from pydantic import SecretStr

from portal_app.domain.json_values import object_or_empty
from portal_app.domain.text import strip_unstorable
from portal_app.gateways.sending import Failed, Sending, Sent, refused_sender
from portal_app.gateways.signatures import InvalidSignature, MalformedWebhook, webhook_id

# https://www.twilio.com/docs/api/errors: these stay as they are, however often one asks.
_STOPPED = 21610
_PERMANENT = {
    21211,  # not a phone number
    21214,  # not reachable
    21217,  # looks like no phone number
    21408,  # this country is not switched on
    21612,  # no route from our number to theirs
    21614,  # not a mobile number
    21635,  # a landline
    21617,  # longer than 1,600 characters
    _STOPPED,
}


_OURS = {  # our number or account is wrong, not the recipient's: tried again until we have corrected it
    21212,  # "From" is no phone number
    21603,  # "From" is missing
    21606,  # "From" is no number of ours that sends texts
    21608,  # a trial account texts confirmed numbers only
    21659,  # "From" is no number or short code
    21660,  # "From" is another account's
    21703,  # the messaging service has no number
}


@dataclass(frozen=True, slots=True)
class IncomingText:
    """What somebody texted to us. The carrier has `handled` a STOP or HELP that it answered by itself."""

    id: str
    phone: str  # E.164
    body: str
    handled: bool = False


class Texter(Protocol):
    def send(self, to: str, text: str, *, key: str) -> Sending:
        """Texts a phone (E.164). `key` names the message; where the carrier can, it is sent once."""
        ...

    def read_incoming(self, url: str, form: Mapping[str, str], signature: str) -> IncomingText:
        """The text message that was posted to `url`; InvalidSignature when it was not signed for this address and form.

        MalformedWebhook when it is signed and names no sender or no id.
        """
        ...


_E164 = re.compile(r"\+[0-9]{5,15}|[0-9]{3,10}")  # a phone, or the short number of a service


def text_signature(secret: str, url: str, form: Mapping[str, str]) -> str:
    """X-Twilio-Signature: https://www.twilio.com/docs/usage/security#validating-requests."""
    signed = url + "".join(name + form[name] for name in sorted(form))
    mac = hmac.new(secret.encode(), signed.encode(), hashlib.sha1)
    return base64.b64encode(mac.digest()).decode()


def read_signed_text(secret: str, url: str, form: Mapping[str, str], signature: str) -> IncomingText:
    """Read a text message that a patient sent. Raises InvalidSignature, and MalformedWebhook for what is no text message."""
    wanted = text_signature(secret, url, form).encode()
    if not secret or not hmac.compare_digest(wanted, signature.encode()):
        raise InvalidSignature
    phone = form.get("From", "")
    if not _E164.fullmatch(phone):
        raise MalformedWebhook
    return IncomingText(
        id=webhook_id(form.get("MessageSid"))[:64],
        phone=phone,
        body=strip_unstorable(form.get("Body", ""))[:1600],
        handled=bool(form.get("OptOutType")),
    )


@dataclass(frozen=True, slots=True)
class TwilioTexter:
    """`sender` is a number (E.164) or a messaging service (MG…)."""

    account_sid: str
    auth_token: SecretStr
    sender: str
    base: str = "https://api.twilio.com"
    seconds: float = 15.0

    def send(self, to: str, text: str, *, key: str) -> Sending:
        # Twilio has no idempotency key for messages (it ignores ours); so we only ask again when it
        # cannot have taken the message: no connection, or an answer that says no.
        form = {"To": to, "Body": text}
        form["MessagingServiceSid" if self.sender.startswith("MG") else "From"] = self.sender
        address = f"{self.base}/2010-04-01/Accounts/{self.account_sid}/Messages.json"
        try:
            answer = httpx.post(
                address,
                data=form,
                auth=(self.account_sid, self.auth_token.get_secret_value()),
                headers={"I-Twilio-Idempotency-Token": key},
                timeout=self.seconds,
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as trouble:
            return Failed(permanent=False, reason=f"no SMS service ({type(trouble).__name__})")
        except httpx.HTTPError as trouble:
            # It may have been taken: a second text costs more trust than a missing one does.
            return Failed(permanent=True, reason=f"no answer from the SMS service ({type(trouble).__name__})")
        return _sending(answer)

    def read_incoming(self, url: str, form: Mapping[str, str], signature: str) -> IncomingText:
        """The text message, if it is signed with our account's token. Raises as the interface says."""
        return read_signed_text(self.auth_token.get_secret_value(), url, form, signature)


def _sending(answer: httpx.Response) -> Sending:
    facts = _facts(answer)
    if answer.is_success:
        return Sent(str(facts.get("sid", "")))
    number = facts.get("code") if isinstance(facts.get("code"), int) else 0
    reason = f"the SMS service said no ({number or answer.status_code})"
    if number in _OURS or answer.status_code in (401, 403):
        return refused_sender(reason)
    return Failed(
        permanent=number in _PERMANENT or answer.status_code in (400, 404, 413),
        reason=reason,
        opted_out=number == _STOPPED,
    )


def _facts(answer: httpx.Response) -> dict[str, Any]:
    try:
        facts = answer.json()
    except ValueError:
        return {}
    return object_or_empty(facts)
