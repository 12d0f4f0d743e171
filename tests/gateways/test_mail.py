"""Email in a real SMTP conversation, on this machine."""

import email
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, Session
from pydantic import SecretStr

from portal_app.gateways.mail import Attachment, Mail, SmtpMailer
from portal_app.gateways.mail_fake import FakeMailer
from portal_app.gateways.sending import Failed, Sent

LETTER = Mail(
    id="msg_1",
    to="maria@example.com",
    subject="Tu código",
    text="Your code is 123456 & more.\n\nSee https://portal.example.com/x?a=1.",
    language="es",
    sender_name="Cedar, Family & Co",
)


class Inbox:
    """Keeps what arrives; `says` is its answer to a recipient or to the text."""

    def __init__(self) -> None:
        self.kept: list[Envelope] = []
        self.to_sender = ""
        self.to_recipient = ""
        self.to_text = "250 OK"
        self.encrypted: list[bool] = []

    async def handle_MAIL(
        self, _: Any, __: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.to_sender:
            return self.to_sender
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, _: Any, session: Session, envelope: Envelope, address: str, __: Any) -> str:
        if self.to_recipient:
            return self.to_recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _: Any, session: Session, envelope: Envelope) -> str:
        self.encrypted.append(session.ssl is not None)
        self.kept.append(envelope)
        return self.to_text

    def letters(self) -> list[EmailMessage]:
        return [
            email.message_from_bytes(bytes(e.content or b""), policy=default)  # type: ignore[arg-type]
            for e in self.kept
        ]


@pytest.fixture
def serve() -> Iterator[Callable[..., tuple[Inbox, int]]]:
    running: list[Controller] = []

    def start(**options: Any) -> tuple[Inbox, int]:
        inbox = Inbox()
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        controller = Controller(inbox, hostname="127.0.0.1", port=port, enable_SMTPUTF8=True, **options)
        controller.start()
        running.append(controller)
        return inbox, port

    yield start
    for controller in running:
        controller.stop()


def mailer(port: int, **options: Any) -> SmtpMailer:
    chosen: dict[str, Any] = {"tls": "none"} | options
    return SmtpMailer(host="127.0.0.1", port=port, sender="Portal <portal@clinic.example>", **chosen)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-keyout", str(key), "-out", str(cert), "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    return key, cert


def server_tls(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate[1], certificate[0])
    return context


def test_a_letter_arrives_as_text_and_html_with_its_attachment(serve: Any) -> None:
    inbox, port = serve()
    letter = replace(LETTER, attachments=(Attachment("a.pdf", b"%PDF"),))
    assert mailer(port).send(letter) == Sent("<msg_1@clinic.example>")
    (got,) = inbox.letters()
    assert got["From"].addresses[0].display_name == "Cedar, Family & Co"
    assert got["From"].addresses[0].addr_spec == "portal@clinic.example"
    assert got["Subject"] == "Tu código"
    text, html = got.get_body(("plain",)), got.get_body(("html",))
    assert text
    assert html
    assert text.get_content().strip().replace("\r\n", "\n") == LETTER.text
    shown = html.get_content()
    assert '<html lang="es">' in shown
    assert "123456 &amp; more" in shown
    assert '<a href="https://portal.example.com/x?a=1">' in shown
    (attached,) = got.iter_attachments()
    assert (attached.get_filename(), attached.get_content()) == ("a.pdf", b"%PDF")


def test_a_resend_carries_the_same_message_id(serve: Any) -> None:
    inbox, port = serve()
    assert mailer(port).send(LETTER) == mailer(port).send(LETTER)
    assert len({letter["Message-ID"] for letter in inbox.letters()}) == 1


@pytest.mark.parametrize("field", ["subject", "sender_name"])
def test_a_line_break_adds_no_header(serve: Any, field: str) -> None:
    inbox, port = serve()
    letter = replace(LETTER, **{field: "Hi\r\nBcc: thief@example.com\n\nBody"})
    assert isinstance(mailer(port).send(letter), Sent)
    (got,) = inbox.letters()
    assert got["Bcc"] is None
    assert inbox.kept[0].rcpt_tos == ["maria@example.com"]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "a@b.example\r\nRCPT TO:<thief@example.com>",
        "a b@c.example",
        "<x@y.example>",
        "a@b@c",
        "a@",
    ],
)
def test_what_is_no_address_fails_for_good_and_reaches_no_server(address: str) -> None:
    letter = replace(LETTER, to=address)
    for answer in (mailer(1).send(letter), FakeMailer().send(letter)):
        assert isinstance(answer, Failed)
        assert answer.permanent


SENDERS = [
    ("Smith Dental, PLLC <portal@smith.example>", "Smith Dental, PLLC", "portal@smith.example"),
    ('"Smith Dental, PLLC" <portal@smith.example>', "Smith Dental, PLLC", "portal@smith.example"),
    ("Smith (Dental) <portal@smith.example>", "Smith (Dental)", "portal@smith.example"),
    ("Smith: Dental; Co <portal@smith.example>", "Smith: Dental; Co", "portal@smith.example"),
    ('Dr. "Bob" Smith <portal@smith.example>', 'Dr. "Bob" Smith', "portal@smith.example"),
    ("O'Brien @ Dental <portal@smith.example>", "O'Brien @ Dental", "portal@smith.example"),
    ("Back\\slash [x] <portal@smith.example>", "Back\\slash [x]", "portal@smith.example"),
    ("Zähne & Söhne <portal@smith.example>", "Zähne & Söhne", "portal@smith.example"),
    ("牙科诊所 <portal@smith.example>", "牙科诊所", "portal@smith.example"),
    ("portal@zähne.example", "", "portal@xn--zhne-loa.example"),
    ("Zähne, GmbH <portal@zähne.example>", "Zähne, GmbH", "portal@xn--zhne-loa.example"),
    (" portal@smith.example ", "", "portal@smith.example"),
]


@pytest.mark.parametrize(("sender", "name", "address"), SENDERS)
def test_b60_a_sender_is_written_with_any_sign_in_its_name_and_any_script(
    serve: Any, sender: str, name: str, address: str
) -> None:
    inbox, port = serve()
    answer = replace(mailer(port), sender=sender).send(replace(LETTER, sender_name=""))
    assert answer == Sent(f"<msg_1@{address.partition('@')[2]}>")
    (got,) = inbox.letters()
    (found,) = got["From"].addresses
    assert (found.display_name, found.addr_spec) == (name, address)
    assert inbox.kept[0].mail_from == address


@pytest.mark.parametrize("name", [name for _, name, _ in SENDERS if name] + ["x" * 1200, "ä" * 1200])
def test_b60_the_practices_name_is_written_with_any_sign(serve: Any, name: str) -> None:
    inbox, port = serve()
    assert isinstance(mailer(port).send(replace(LETTER, sender_name=name)), Sent)
    (got,) = inbox.letters()
    # A folded name comes back with spaces at the folds.
    assert got["From"].addresses[0].display_name.replace(" ", "") == name[:200].replace(" ", "")
    assert max(len(line) for line in bytes(inbox.kept[0].content).splitlines()) <= 998


@pytest.mark.parametrize(
    "sender", ["noreply", "", "noreply@", "a@b, c@d.example", "josé@x.example", "a b@x.example"]
)
def test_b60_a_wrong_sender_is_our_mistake_and_not_the_recipients(serve: Any, sender: str) -> None:
    _, port = serve()
    ours = Failed(permanent=False, reason="SMTP_FROM is no address", ours=True)
    assert replace(mailer(port), sender=sender).send(LETTER) == ours
    assert FakeMailer(sender=sender).send(LETTER) == ours


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("to_sender", "553 5.1.7 sender address does not exist"),
        ("to_sender", "550 no such sender"),
        ("to_sender", "530 5.7.0 Must issue a STARTTLS command first"),
        ("to_recipient", "550 5.1.8 <portal@clinic.example>: Sender address rejected: Domain not found"),
        ("to_recipient", "553 5.7.1 <portal@clinic.example>: Sender address rejected: not owned by user"),
        ("to_recipient", "554 5.7.1 <maria@example.com>: Relay access denied"),
        ("to_text", "554 5.7.60 SMTP; Client does not have permissions to send as this sender"),
        ("to_text", "550 5.7.26 Unauthenticated email is not accepted due to the domain's DMARC policy"),
    ],
)
def test_proc_a_sender_that_no_mail_server_takes_is_ours_whenever_it_is_said(
    serve: Any, when: str, said: str
) -> None:
    inbox, port = serve()
    setattr(inbox, when, said)
    answer = mailer(port).send(LETTER)
    assert isinstance(answer, Failed)
    assert (answer.permanent, answer.ours) == (False, True)
    assert "refused the sender's address" in answer.reason


def test_a_message_too_large_is_neither_ours_nor_tried_again(serve: Any) -> None:
    inbox, port = serve()
    inbox.to_sender = "552 5.3.4 message size exceeds limit"
    answer = mailer(port).send(LETTER)
    assert isinstance(answer, Failed)
    assert (answer.permanent, answer.ours) == (True, False)


def test_an_international_address_is_written_to(serve: Any) -> None:
    inbox, port = serve()
    for address in ("josé@correo.example", "ana@clínica.example"):
        assert isinstance(mailer(port).send(replace(LETTER, to=address)), Sent)
    assert [kept.rcpt_tos for kept in inbox.kept] == [["josé@correo.example"], ["ana@xn--clnica-4va.example"]]


@pytest.mark.parametrize(
    ("said", "permanent"), [("550 5.1.1 no such user", True), ("451 4.7.1 greylisted", False)]
)
def test_a_refused_recipient_is_for_good_at_5xx_and_for_later_at_4xx(
    serve: Any, said: str, permanent: bool
) -> None:
    inbox, port = serve()
    inbox.to_recipient = said
    answer = mailer(port).send(LETTER)
    assert isinstance(answer, Failed)
    assert (answer.permanent, answer.ours) == (permanent, False)


@pytest.mark.parametrize(("said", "permanent"), [("554 spam", True), ("452 full", False)])
def test_a_refused_text_is_for_good_at_5xx_and_for_later_at_4xx(
    serve: Any, said: str, permanent: bool
) -> None:
    inbox, port = serve()
    inbox.to_text = said
    answer = mailer(port).send(LETTER)
    assert isinstance(answer, Failed)
    assert answer.permanent is permanent


def test_a_server_that_is_away_is_tried_later() -> None:
    answer = mailer(1).send(LETTER)
    assert isinstance(answer, Failed)
    assert not answer.permanent


def test_starttls_with_a_password(serve: Any, certificate: tuple[Path, Path]) -> None:
    def known(_: Any, __: Any, ___: Any, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (b"portal", b"secret"), handled=False)

    inbox, port = serve(tls_context=server_tls(certificate), authenticator=known, auth_required=True)
    trust = ssl.create_default_context(cafile=str(certificate[1]))
    right = mailer(port, tls="starttls", trust=trust, user="portal", password=SecretStr("secret"))
    wrong = mailer(port, tls="starttls", trust=trust, user="portal", password=SecretStr("guess"))
    assert isinstance(right.send(LETTER), Sent)
    assert inbox.encrypted == [True]
    answer = wrong.send(LETTER)
    assert isinstance(answer, Failed)
    assert (answer.permanent, answer.ours) == (False, True)
    assert "password" in answer.reason


def test_a_server_without_starttls_or_with_a_strangers_certificate_gets_no_letter(
    serve: Any, certificate: tuple[Path, Path]
) -> None:
    plain, port = serve()
    answer = mailer(port, tls="starttls").send(LETTER)
    assert isinstance(answer, Failed)
    assert (answer.permanent, answer.ours) == (False, True)
    stranger, its_port = serve(tls_context=server_tls(certificate))
    assert isinstance(mailer(its_port, tls="starttls").send(LETTER), Failed)
    assert plain.kept == stranger.kept == []


def test_tls_from_the_first_byte(serve: Any, certificate: tuple[Path, Path]) -> None:
    inbox, port = serve(ssl_context=server_tls(certificate))
    trust = ssl.create_default_context(cafile=str(certificate[1]))
    assert isinstance(mailer(port, tls="tls", trust=trust).send(LETTER), Sent)
    assert len(inbox.kept) == 1


def test_a_password_is_not_in_the_mailers_words() -> None:
    assert "secret" not in repr(mailer(1, password=SecretStr("secret")))


def test_the_double_keeps_the_same_promises() -> None:
    fake = FakeMailer(answers=[Failed(permanent=False, reason="later")])
    assert isinstance(fake.send(LETTER), Failed)
    assert isinstance(fake.send(LETTER), Sent)
    assert fake.sent == [LETTER]
