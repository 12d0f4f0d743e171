"""`portal doctor`: what is configured, missing, unsafe. It answers even where the portal refuses to start."""

import contextlib
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from portal_app.domain.billing.processor_limits import is_chargeable, processor_step
from portal_app.settings import Settings, is_loopback, read_settings
from portal_app.settings_safety import http_sites, weaknesses


class Verdict(StrEnum):
    GOOD = "good"
    NOTE = "note"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    verdict: Verdict
    about: str
    text: str


def examine() -> list[Finding]:
    found, refused = read_settings()
    findings = [Finding(Verdict.BAD, "settings", reason) for reason in refused]
    if found is None:
        return findings
    if not found.demo:
        findings += [Finding(Verdict.BAD, about, text) for about, text in weaknesses(found)]
    for about, look in _LOOKS:
        findings += [Finding(verdict, about, text) for verdict, text in look(found)]
    if not refused and not any(f.about == "database" and f.verdict is Verdict.BAD for f in findings):
        findings += [Finding(verdict, "jobs", text) for verdict, text in _jobs()]
    return findings


Answers = Iterator[tuple[Verdict, str]]


def _mode(found: Settings) -> Answers:
    if found.demo:
        yield Verdict.NOTE, "demo: invented patients, messages stay in the outbox page"
        if found.ignores_env_file:
            yield Verdict.NOTE, "the demo does not read .env (PORTAL_DEMO_USES_ENV=yes makes it)"
    else:
        yield Verdict.GOOD, f"production at {found.public_url}"


def _database(found: Settings) -> Answers:
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

    from portal_app.db import migrations  # noqa: PLC0415
    from portal_app.db.engine import bind, is_bound  # noqa: PLC0415

    if not is_bound():
        bind(found.database)
    kind = found.database.partition(":")[0].partition("+")[0]
    try:
        at, newest = migrations.current_revision(), migrations.newest_revision()
    except (SQLAlchemyError, OSError) as unreachable:
        yield Verdict.BAD, f"{kind} cannot be reached ({type(unreachable).__name__})"
        return
    if at != newest:
        yield Verdict.BAD, f"{kind} is at {at or 'nothing'}, the portal needs {newest}: run portal migrate"
    else:
        yield Verdict.GOOD, f"{kind} is reachable and up to date ({at})"
        yield from _demo_people(found)
        yield from _practice(found)
    yield from _whose_database(found)
    if kind == "sqlite" and found.redis_url.get_secret_value():
        yield Verdict.NOTE, "Redis is set, the database is SQLite: several machines cannot share that file"


def _whose_database(found: Settings) -> Answers:
    """In production a practice's database, in demo mode a demo's."""
    from portal_app.domain.access import nobody  # noqa: PLC0415
    from portal_app.services.practice.installation import IsDemo, IsNoDemo, is_demo  # noqa: PLC0415

    demo = is_demo(nobody(), when_empty=found.demo)
    if demo != found.demo:
        yield Verdict.BAD, (IsDemo() if demo else IsNoDemo()).message


def _demo_people(found: Settings) -> Answers:
    """A practice that ran the demo on its own database before the two were kept apart."""
    from portal_app.demo.removal import demo_people  # noqa: PLC0415

    if found.demo:
        return
    staff, patients = demo_people()
    look = "portal demo --remove shows what is the demo's, asks, and takes it away"
    if staff:
        yield (
            Verdict.BAD,
            f"demo staff accounts are here: {', '.join(staff)}. Others know their passwords: {look}",
        )
    if patients:
        yield Verdict.BAD, f"{len(patients)} demo patients are here, like {patients[0]}: {look}"


def _practice(found: Settings) -> Answers:
    """Its name is in the database; its time zone, currency and locale are there too, as they were set then."""
    from portal_app.domain.access import nobody  # noqa: PLC0415
    from portal_app.services.practice.details import find_details  # noqa: PLC0415
    from portal_app.services.practice.embedding import framed_by  # noqa: PLC0415
    from portal_app.services.practice.errors import PracticeMissing  # noqa: PLC0415

    if found.demo:
        return
    details = find_details(nobody())
    if details is None or not details.name:
        yield Verdict.BAD, PracticeMissing.message
        return
    if sites := http_sites(framed_by(nobody())):
        yield (
            Verdict.BAD,
            f"{sites} may frame the portal, over http: change the settings page or PORTAL_EMBED_ORIGINS",
        )
    kept = (details.timezone, details.currency, details.locale)
    ours = (found.timezone, found.currency, found.locale)
    if kept != ours:
        yield (
            Verdict.BAD,
            f"keeps {', '.join(kept)}, the settings say {', '.join(ours)}: set them back, or run "
            f'portal practice set --name "{details.name}"',
        )


def _data(found: Settings) -> Answers:
    folder = found.data_dir if found.data_dir.exists() else found.data_dir.absolute().parent
    if not os.access(folder, os.W_OK):
        yield Verdict.BAD, f"{found.data_dir} cannot be written"
    elif found.data_dir.exists() and found.data_dir.stat().st_mode & 0o007:
        yield (
            Verdict.NOTE,
            f"{found.data_dir} is open to every user of this machine: chmod o= {found.data_dir}",
        )
    else:
        yield Verdict.GOOD, f"{found.data_dir} can be written"


def _redis(found: Settings) -> Answers:
    from portal_app.gateways.bus import why_refused  # noqa: PLC0415

    address = found.redis_url.get_secret_value()
    if not address:
        yield Verdict.GOOD, "not set: one process serves everything"
        return
    where = urlsplit(address).hostname or "Redis"
    if why := why_refused(address):
        yield Verdict.BAD, f"{where} does not answer ({why})"
    else:
        yield Verdict.GOOD, f"{where} answers"


def _cards(found: Settings) -> Answers:
    secret = found.stripe_secret_key.get_secret_value()
    if found.simulated:
        yield Verdict.NOTE, "simulated: no card is charged"
    elif "_live_" in secret:
        yield Verdict.GOOD, "Stripe, live"
    elif secret and found.demo:
        yield Verdict.NOTE, "Stripe in test mode: no card is charged"
    if not found.demo and not found.stripe_webhook_secret.get_secret_value():
        yield Verdict.BAD, "without a webhook secret late answers are not received"
    yield from _currency(found.currency)


def _currency(code: str) -> Answers:
    """What the card processor does with the practice's currency, where that is not the usual."""
    if not is_chargeable(code):
        yield Verdict.BAD, f"{code} is charged by no card processor: nobody can pay online"
    elif (step := processor_step(code)).minor > 1:
        yield (
            Verdict.NOTE,
            f"{code} is charged in steps of {step.plain()}: other amounts are paid at the practice",
        )


def _mail(found: Settings) -> Answers:
    if not found.smtp_host:
        yield (Verdict.NOTE if found.demo else Verdict.BAD), "no SMTP_HOST: nothing is sent by mail"
        return
    with contextlib.closing(socket.socket()) as probe:
        probe.settimeout(5)
        try:
            probe.connect((found.smtp_host, found.smtp_port))
        except OSError:
            yield Verdict.BAD, f"{found.smtp_host}:{found.smtp_port} does not answer"
            return
    yield Verdict.GOOD, f"{found.smtp_host}:{found.smtp_port} answers"


def _texts(found: Settings) -> Answers:
    if found.twilio_account_sid:
        yield Verdict.GOOD, f"Twilio, from {found.twilio_from}"
    else:
        yield Verdict.NOTE, "no Twilio account: codes go by mail only"


def _clock(found: Settings) -> Answers:
    with contextlib.suppress(ZoneInfoNotFoundError, ValueError):  # said already
        here = datetime.now(ZoneInfo(found.timezone))
        if found.clock:
            yield (
                Verdict.NOTE,
                f"PORTAL_CLOCK={found.clock} instead of {here:%Y-%m-%d %H:%M} ({found.timezone})",
            )
        else:
            yield Verdict.GOOD, f"it is {here:%Y-%m-%d %H:%M} at the practice ({found.timezone})"


def _proxy(found: Settings) -> Answers:
    if not is_loopback(found.bind) and not found.demo:
        yield (
            Verdict.NOTE,
            f"listens on {found.bind}: make sure that only your proxy reaches port {found.port}",
        )


def _jobs() -> Answers:
    """Checked last: only where the portal may start and its database is up to date."""
    from portal_app.clock import zone  # noqa: PLC0415
    from portal_app.domain.access import system_principal  # noqa: PLC0415
    from portal_app.i18n import translate  # noqa: PLC0415
    from portal_app.services.jobs.view import JobCondition, list_jobs  # noqa: PLC0415

    def when(moment: datetime | None) -> str:
        return f"{moment.astimezone(zone()):%Y-%m-%d %H:%M}" if moment else "never"

    found = list_jobs(system_principal("doctor"))
    if all(job.condition is JobCondition.NEW for job in found):
        yield Verdict.NOTE, "no job has run yet: portal serve runs them"
        return
    for job in found:
        reason = translate("en", job.message, **(job.values or {})) if job.message else ""
        again = f"Tried again at {when(job.next_run)}."
        if job.condition is JobCondition.LATE:
            since = (
                f"has not succeeded since {when(job.succeeded_at)}" if job.succeeded_at else "never succeeded"
            )
            yield Verdict.BAD, f"{job.name} {since}: {reason if job.failures else 'is the server running?'}"
        elif job.condition is JobCondition.FAILING:
            yield Verdict.BAD, f"{job.name} fails since {when(job.failing_since)}: {reason} {again}"
        elif job.condition is JobCondition.RETRYING:
            yield Verdict.NOTE, f"{job.name} failed: {reason} {again}"
    if not any(job.in_trouble or job.failures for job in found):
        yield Verdict.GOOD, f"{len(found)} jobs, none in trouble: portal jobs lists them"


_LOOKS = (
    ("mode", _mode),
    ("database", _database),
    ("data", _data),
    ("redis", _redis),
    ("cards", _cards),
    ("mail", _mail),
    ("texts", _texts),
    ("clock", _clock),
    ("network", _proxy),
)
