"""A fake mail server: composes every message as the real client does, and stores it."""

from dataclasses import dataclass, field
from email.errors import MessageError

from portal_app.gateways.mail import Mail, compose_message
from portal_app.gateways.sending import Failed, Sending, Sent


@dataclass(slots=True)
class FakeMailer:
    """`answers` are given first, one a letter; then every letter is Sent. Keeps the last 200."""

    answers: list[Failed] = field(default_factory=list)
    sent: list[Mail] = field(default_factory=list)

    def send(self, mail: Mail) -> Sending:
        try:
            letter = compose_message(mail, "portal@localhost")
        except (ValueError, MessageError):
            return Failed(permanent=True, reason="not an email address")
        if self.answers:
            return self.answers.pop(0)
        self.sent.append(mail)
        del self.sent[:-200]
        return Sent(str(letter["Message-ID"]))
