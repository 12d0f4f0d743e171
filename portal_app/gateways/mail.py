"""Email by SMTP. It answers Sent or Failed; it does not raise for what mail servers do."""

import re
import smtplib
import ssl
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from html import escape
from typing import Protocol

from pydantic import SecretStr

from portal_app.clock import real_now
from portal_app.domain.mail_address import Sender, parse_mail_address, parse_sender
from portal_app.gateways.sending import Failed, Sending, Sent, refused_sender

_SECONDS = 15  # for each step of the conversation
_LONGEST_NAME = 200  # characters: a line of a header has at most 998 bytes
_TOO_LARGE = 552
_SIGN_IN_FIRST = (530, 535, 538)  # the server wants a sign-in or encryption before it takes anything
# Codes: address, domain, sign-in, DKIM, SPF, DMARC, "send as".
_OF_SENDER = re.compile(
    r"\b5\.1\.[78]\b|\b5\.7\.(0|3|8|9|20|21|22|23|24|25|26|27|60)\b"
    r"|sender address|sender (rejected|denied)|send as|not owned by|authentication required"
    r"|relay(ing)? (access )?(denied|not)|to relay",
    re.IGNORECASE,
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")
_LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)]")


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    content: bytes
    media_type: str = "application/pdf"


@dataclass(frozen=True, slots=True)
class Mail:
    id: str  # the portal's; the Message-ID contains it, so that a resend is recognised
    to: str
    subject: str
    text: str
    language: str = "en"
    sender_name: str = ""
    attachments: tuple[Attachment, ...] = ()


class Mailer(Protocol):
    def send(self, mail: Mail) -> Sending: ...


@dataclass(frozen=True, slots=True)
class SmtpMailer:
    """`tls`: "starttls", "tls" (from the first byte) or "none"."""

    host: str
    port: int
    sender: str
    user: str = ""
    password: SecretStr | None = None
    tls: str = "starttls"
    trust: ssl.SSLContext | None = None  # the system's authorities unless said

    def send(self, mail: Mail) -> Sending:
        try:
            sender = parse_sender(self.sender)
        except ValueError:
            return refused_sender("SMTP_FROM is no address")
        try:
            letter = compose_message(mail, sender)
        except (ValueError, MessageError) as wrong:
            return Failed(permanent=True, reason=f"not an email address ({type(wrong).__name__})")
        try:
            server = self._connected()
        except (OSError, smtplib.SMTPException) as trouble:
            return _failed_sign_in(trouble)
        try:
            with server:
                server.send_message(letter)
        except (OSError, smtplib.SMTPException) as trouble:
            return _failed_sending(trouble)
        return Sent(str(letter["Message-ID"]))

    def _connected(self) -> smtplib.SMTP:
        trust = self.trust or ssl.create_default_context()
        if self.tls == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=_SECONDS, context=trust)
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=_SECONDS)
        try:
            if self.tls == "starttls":
                server.starttls(context=trust)
            if self.user and self.password:
                server.login(self.user, self.password.get_secret_value())
        except (OSError, smtplib.SMTPException):
            server.close()
            raise
        return server


def _failed_sign_in(trouble: Exception) -> Failed:
    """Why there is no connection to send by: nothing was said of a recipient yet."""
    if isinstance(trouble, smtplib.SMTPAuthenticationError):
        # 4xx: the server cannot check passwords just now.
        return Failed(
            permanent=False,
            reason=f"the mail server refused our password ({trouble.smtp_code})",
            ours=trouble.smtp_code >= 500,
        )
    if isinstance(trouble, smtplib.SMTPNotSupportedError):
        return refused_sender("the mail server takes no password or has no STARTTLS")
    return Failed(permanent=False, reason=f"no mail server ({type(trouble).__name__})")


def _failed_sending(trouble: Exception) -> Failed:
    """Whose mistake it is that a message was not taken: 5xx ends it, unless it speaks of us as the sender."""
    if isinstance(trouble, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(trouble.recipients.values()))
        if _speaks_of_sender(code, said):
            return refused_sender(f"the mail server refused the sender's address ({code})")
        return Failed(permanent=code >= 500, reason=f"the mail server refused the address ({code})")
    if isinstance(trouble, smtplib.SMTPNotSupportedError):
        return Failed(permanent=True, reason="the mail server takes no such address")
    if isinstance(trouble, smtplib.SMTPResponseException):
        code = trouble.smtp_code
        if code == _TOO_LARGE:  # said at the sender already, as its size is told with it
            return Failed(permanent=True, reason=f"the message is too large for the mail server ({code})")
        refused = isinstance(trouble, smtplib.SMTPSenderRefused) and code >= 500
        if refused or _speaks_of_sender(code, trouble.smtp_error):
            return refused_sender(f"the mail server refused the sender's address ({code})")
        # 5xx to the text is about this message; before it, about the server: try again.
        about_text = isinstance(trouble, smtplib.SMTPDataError) and code >= 500
        return Failed(permanent=about_text, reason=f"the mail server said no ({code})")
    return Failed(permanent=False, reason=f"no mail server ({type(trouble).__name__})")


def _speaks_of_sender(code: int, said: bytes | str) -> bool:
    """Whether a refusal is about the sender: many servers answer for the sender only at the recipient or at the text.

    By the enhanced status codes of RFC 3463 and its registry, and by the words of servers that give 5.7.1 for everything.
    """
    words = said.decode(errors="replace") if isinstance(said, bytes) else said
    return code in _SIGN_IN_FIRST or (code >= 500 and _OF_SENDER.search(words) is not None)


def compose_message(mail: Mail, sender: Sender) -> EmailMessage:
    """The message: plain text, the same as HTML, attachments. ValueError for an invalid address of the recipient."""
    to = Address("", *parse_mail_address(mail.to))
    letter = EmailMessage(policy=SMTP if to.addr_spec.isascii() else SMTPUTF8)
    letter["From"] = Address(_one_line(mail.sender_name or sender.name)[:_LONGEST_NAME], *sender.address)
    letter["To"] = to
    letter["Subject"] = _one_line(mail.subject)
    letter["Date"] = format_datetime(real_now())
    letter["Message-ID"] = f"<{mail.id}@{sender.address.domain}>"
    letter["Auto-Submitted"] = "auto-generated"
    letter["Content-Language"] = mail.language
    letter.set_content(mail.text, cte="quoted-printable")
    letter.add_alternative(_as_html(mail), subtype="html", cte="quoted-printable")
    for attached in mail.attachments:
        main, _, sub = attached.media_type.partition("/")
        letter.add_attachment(attached.content, maintype=main, subtype=sub, filename=_one_line(attached.name))
    return letter


def _one_line(text: str) -> str:
    """A text without line breaks, so that typed text cannot add a header."""
    return _CONTROL.sub(" ", text).strip()


def _as_html(mail: Mail) -> str:
    """Paragraphs and links, in the reader's language; no pictures, nothing fetched."""
    paragraphs = "".join(
        f"<p>{_linked(part).replace(chr(10), '<br>')}</p>" for part in mail.text.strip().split("\n\n")
    )
    return (
        f'<!doctype html><html lang="{escape(mail.language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(_one_line(mail.subject))}</title></head>"
        '<body style="margin:0 auto;max-width:36rem;padding:1.5rem;font:17px/1.5 sans-serif">'
        f"<main>{paragraphs}</main></body></html>\n"
    )


def _linked(text: str) -> str:
    made: list[str] = []
    end = 0
    for link in _LINK.finditer(text):
        address = escape(link[0])
        made += [escape(text[end : link.start()]), f'<a href="{address}">{address}</a>']
        end = link.end()
    return "".join((*made, escape(text[end:])))
