"""Email by SMTP. It answers Sent or Failed; it does not raise for what mail servers do."""

import re
import smtplib
import ssl
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, parseaddr
from html import escape
from typing import Protocol

from pydantic import SecretStr

from portal_app.clock import real_now
from portal_app.gateways.sending import Failed, Sending, Sent

_SECONDS = 15  # for each step of the conversation
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")
_NOT_IN_ADDRESS = re.compile(r"[\s\x00-\x1f\x7f<>()\[\],;:\"\\]|@.*@")
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
            letter = compose_message(mail, self.sender)
        except (ValueError, MessageError) as wrong:
            return Failed(permanent=True, reason=f"not an email address ({type(wrong).__name__})")
        try:
            with self._connected() as server:
                server.send_message(letter)
        except smtplib.SMTPRecipientsRefused as refused:
            code = next(iter(refused.recipients.values()))[0]
            return Failed(permanent=code >= 500, reason=f"the mail server refused the address ({code})")
        except smtplib.SMTPAuthenticationError as refused:
            return Failed(
                permanent=False, reason=f"the mail server refused our password ({refused.smtp_code})"
            )
        except smtplib.SMTPNotSupportedError:
            return Failed(permanent=True, reason="the mail server takes no such address")
        except smtplib.SMTPResponseException as refused:
            # 5xx to the text is about this message; before it, about us or the server: try again.
            about_it = isinstance(refused, smtplib.SMTPDataError) and refused.smtp_code >= 500
            return Failed(permanent=about_it, reason=f"the mail server said no ({refused.smtp_code})")
        except (OSError, smtplib.SMTPException) as trouble:
            return Failed(permanent=False, reason=f"no mail server ({type(trouble).__name__})")
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


def compose_message(mail: Mail, sender: str) -> EmailMessage:
    """The message: plain text, the same as HTML, attachments. ValueError for an invalid address."""
    ours_name, ours = parseaddr(sender)
    to = _address(mail.to)
    letter = EmailMessage(policy=SMTP if to.addr_spec.isascii() else SMTPUTF8)
    letter["From"] = Address(_one_line(mail.sender_name) or ours_name, addr_spec=ours)
    letter["To"] = to
    letter["Subject"] = _one_line(mail.subject)
    letter["Date"] = format_datetime(real_now())
    letter["Message-ID"] = f"<{mail.id}@{ours.rpartition('@')[2]}>"
    letter["Auto-Submitted"] = "auto-generated"
    letter["Content-Language"] = mail.language
    letter.set_content(mail.text, cte="quoted-printable")
    letter.add_alternative(_as_html(mail), subtype="html", cte="quoted-printable")
    for attached in mail.attachments:
        main, _, sub = attached.media_type.partition("/")
        letter.add_attachment(attached.content, maintype=main, subtype=sub, filename=_one_line(attached.name))
    return letter


def _address(text: str) -> Address:
    """Parses an email address, or raises ValueError. A domain in another script is written as xn--…."""
    name, at, domain = text.rpartition("@")
    if not (name and at and domain) or _NOT_IN_ADDRESS.search(text):
        raise ValueError("not an email address")
    return Address(username=name, domain=domain.encode("idna").decode())


def _one_line(text: str) -> str:
    """Without line breaks: typed text cannot add a header."""
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
    made, end = [], 0
    for link in _LINK.finditer(text):
        address = escape(link[0])
        made += [escape(text[end : link.start()]), f'<a href="{address}">{address}</a>']
        end = link.end()
    return "".join((*made, escape(text[end:])))
