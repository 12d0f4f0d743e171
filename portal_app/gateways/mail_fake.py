"""A fake mail server: composes every message as the real client does, and stores it."""

from dataclasses import dataclass, field
from email.errors import MessageError

from portal_app.domain.mail_address import parse_sender
from portal_app.gateways.mail import Mail, compose_message
from portal_app.gateways.sending import Failed, Sending, Sent, refused_sender


@dataclass(slots=True)
class FakeMailer:
    """`sender` is checked as the real client checks it.

    `answers` are given first, one a letter; then every letter is Sent. Keeps the last 200.
    """

    answers: list[Failed] = field(default_factory=list[Failed])
    sent: list[Mail] = field(default_factory=list[Mail])
    sender: str = "portal@localhost"

    def send(self, mail: Mail) -> Sending:
        try:
            sender = parse_sender(self.sender)
        except ValueError:
            return refused_sender("SMTP_FROM is no address")
        try:
            letter = compose_message(mail, sender)
        except (ValueError, MessageError):
            return Failed(permanent=True, reason="not an email address")
        if self.answers:
            return self.answers.pop(0)
        self.sent.append(mail)
        del self.sent[:-200]
        return Sent(str(letter["Message-ID"]))
