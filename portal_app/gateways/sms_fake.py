"""A fake SMS service: stores what it is given; a number ending in 0000 has opted out (STOP)."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from portal_app.gateways.sending import Failed, Sending, Sent
from portal_app.gateways.sms import IncomingText, read_signed_text


@dataclass(slots=True)
class FakeTexter:
    """`answers` are given first, one a text; then every text is Sent. Keeps the last 200."""

    answers: list[Failed] = field(default_factory=list[Failed])
    sent: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    secret: str = field(default_factory=lambda: secrets.token_hex(16))  # nobody can guess it in the demo

    def send(self, to: str, text: str, *, key: str) -> Sending:
        if not to.startswith("+"):
            return Failed(permanent=True, reason="not a phone number")
        if to.endswith("0000"):
            return Failed(permanent=True, reason="the SMS service said no (21610)", opted_out=True)
        if self.answers:
            return self.answers.pop(0)
        self.sent.append((to, text))
        del self.sent[:-200]
        return Sent(f"SM{key}")

    def read_incoming(self, url: str, form: Mapping[str, str], signature: str) -> IncomingText:
        """Read a text message that is signed with our secret. Raises InvalidSignature for another one."""
        return read_signed_text(self.secret, url, form, signature)
