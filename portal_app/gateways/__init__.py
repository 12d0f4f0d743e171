"""Clients of other systems. State, web and commands pass them to services, which never import them."""

from dataclasses import dataclass
from functools import cache

from portal_app.gateways.mail import Mailer, SmtpMailer
from portal_app.gateways.mail_fake import FakeMailer
from portal_app.gateways.payments import CardProcessor
from portal_app.gateways.pdf import Typesetter, typesetter
from portal_app.gateways.practice_system import ExportEndpoint, ExportFolder, PracticeSystem
from portal_app.gateways.sending import NotConfigured
from portal_app.gateways.signing.types import Sealer
from portal_app.gateways.sms import Texter, TwilioTexter
from portal_app.gateways.sms_fake import FakeTexter
from portal_app.settings import Settings, settings


@dataclass(frozen=True)
class Gateways:
    payments: CardProcessor
    mail: Mailer
    sms: Texter
    documents: Typesetter


_used: list[Gateways] = []


def gateways() -> Gateways:
    """The gateways of this process: real ones where the settings have keys, fakes in the demo."""
    return _used[-1] if _used else _from_settings()


def use(these: Gateways | None) -> None:
    """Replaces them from now on, for tests. None: those of the settings again."""
    _used[:] = [these] if these else []


@cache
def _from_settings() -> Gateways:
    ours = settings()
    return Gateways(payments=_payments(ours), mail=_mail(ours), sms=_sms(ours), documents=typesetter())


def _payments(ours: Settings) -> CardProcessor:
    # Here and not above: Stripe's library takes a second to import, and not every command pays.
    from portal_app.gateways.stripe import processor_of  # noqa: PLC0415

    return processor_of(ours)


def _mail(ours: Settings) -> Mailer:
    if not ours.smtp_host:
        return FakeMailer() if ours.demo else NotConfigured()
    return SmtpMailer(
        host=ours.smtp_host,
        port=ours.smtp_port,
        sender=ours.smtp_from,
        user=ours.smtp_user,
        password=ours.smtp_password,
        tls=ours.smtp_tls,
    )


def practice_system() -> PracticeSystem:
    """Where postings are exported to: the address in the settings, or a folder of the data folder."""
    ours = settings()
    if ours.export_url:
        return ExportEndpoint(ours.export_url, ours.export_token)
    return ExportFolder(ours.data_dir / "exports")


@cache
def sealer() -> Sealer:
    """What seals copies of signed agreements, with a time stamp where the settings name a server."""
    # Here and not above: pyhanko takes more than a second to import.
    from portal_app.gateways.signing.pades import PadesSealer  # noqa: PLC0415
    from portal_app.gateways.signing.time_stamps import HttpTimeStamper  # noqa: PLC0415

    url = settings().timestamp_url
    return PadesSealer(HttpTimeStamper(url) if url else None)


def _sms(ours: Settings) -> Texter:
    if not ours.twilio_account_sid:
        return FakeTexter() if ours.demo else NotConfigured()
    return TwilioTexter(
        account_sid=ours.twilio_account_sid,
        auth_token=ours.twilio_auth_token,
        sender=ours.twilio_from,
        base=ours.twilio_api_base or "https://api.twilio.com",
    )
