"""What each message says, in one table. English here; catalogs and the practice's own words on top.

No health data in any of them: no service, no provider, no other person's name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal_app.db.tables.practice import Practice
from portal_app.speech import mark, say


@dataclass(frozen=True, slots=True)
class Wording:
    """`needs`: values without which the practice's own words are of no use."""

    subject: str
    body: str
    sms: str
    needs: tuple[str, ...] = ()
    last_line: str = ""  # kept as it is, in every language
    secret: bool = False  # the outbox forgets the text once it is sent


@dataclass(frozen=True, slots=True)
class Words:
    subject: str
    body: str


WORDINGS: dict[str, Wording] = {
    "sign_in_code": Wording(
        subject=mark("Your sign-in code for {practice} ({reference})"),
        body=mark(
            "Your sign-in code is {code}\n\n"
            "It is for your household at {practice}. Its reference is {reference}: "
            "check that the sign-in page shows the same.\n\n"
            "The code works once, for 15 minutes. Never tell it to anyone, not even to us. "
            "If you did not ask for it, do nothing: nobody can sign in without it."
        ),
        sms=mark("{practice}: {code} is the sign-in code for your household. Reference {reference}."),
        needs=("code", "reference"),
        last_line="@{host} #{code}",  # lets the phone fill the code in: https://wicg.github.io/web-otp/
        secret=True,
    ),
    "receipt": Wording(
        subject=mark("Your receipt {number} from {practice}"),
        body=mark(
            "We received your payment of {amount} on {date}. Thank you.\n\n"
            "Your receipt number is {number}. The receipt is attached.\n\n"
            "See it in the portal: {portal}"
        ),
        sms=mark("{practice}: we received your payment of {amount}. Receipt {number}. {portal}"),
        needs=("amount",),
    ),
    "payment_failed": Wording(
        subject=mark("Your payment to {practice} did not go through"),
        body=mark(
            "Your payment of {amount} on {date} did not go through. You were not charged.\n\n"
            "Try again or use another card: {portal}"
        ),
        sms=mark("{practice}: your payment of {amount} did not go through. Try again: {portal}"),
        needs=("amount",),
    ),
    "refund": Wording(
        subject=mark("Your refund from {practice}"),
        body=mark(
            "We sent back {amount} on {date}. It can take up to 5 business days to reach you.\n\n"
            "See it in the portal: {portal}"
        ),
        sms=mark("{practice}: we sent back {amount}. It can take up to 5 business days."),
        needs=("amount",),
    ),
    "statement": Wording(
        subject=mark("Your statement from {practice}"),
        body=mark(
            "Your statement from {first} to {last} is attached. "
            "The balance on the last day is {amount}.\n\n"
            "What each line is for is in the portal: {portal}"
        ),
        sms=mark("{practice}: your statement is ready in the portal: {portal}"),
        needs=("amount",),
    ),
    "staff_notice": Wording(
        subject=mark("{practice} portal: something needs you"),
        body=mark("{notice}\n\nOpen the staff dashboard: {portal}/staff"),
        sms=mark("{practice} portal: {notice}"),
        needs=("notice",),
    ),
}


def worded(practice: Practice, kind: str, channel: str, language: str, values: Mapping[str, Any]) -> Words:
    """The message in its reader's language; KeyError for a kind that nobody has worded."""
    wording = WORDINGS[kind]
    shown = {name: _shown(language, value) for name, value in values.items()}
    own = _own(practice, kind, language)
    text = wording.sms if channel == "phone" else wording.body
    own_text = own.get("sms" if channel == "phone" else "body", "")
    if own_text and all(f"{{{name}}}" in own_text for name in wording.needs):
        body = _filled(own_text, shown)
    else:
        body = say(language, text, **shown)
    if channel == "phone":
        last = _filled(wording.last_line, shown)
        return Words("", f"{body}\n\n{last}" if last else body)
    signed = f"{body}\n\n{_signature(practice)}"
    subject = (
        _filled(own["subject"], shown) if own.get("subject") else say(language, wording.subject, **shown)
    )
    return Words(subject, signed)


def _own(practice: Practice, kind: str, language: str) -> dict[str, str]:
    """practice.wording: {kind: {language: {"subject", "body", "sms"}}}."""
    return practice.wording.get(kind, {}).get(language, {})


def _filled(text: str, shown: Mapping[str, str]) -> str:
    """Names in braces become values; nothing else in the practice's words means anything."""
    return re.sub(r"\{(\w+)\}", lambda place: shown.get(place[1], place[0]), text)


def _signature(practice: Practice) -> str:
    return "\n".join(part for part in (practice.name, practice.phone) if part)


def _shown(language: str, value: Any) -> str:
    """Money, dates and times as the reader writes them."""
    return say(language, "{value}", value=value)
