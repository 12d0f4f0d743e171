"""A paper as it leaves: its name, its PDF, and the trail of who of the staff read it."""

from dataclasses import dataclass
from typing import Any

from portal_app.clock import now
from portal_app.db.audit import entry
from portal_app.db.scope import transaction
from portal_app.domain.access import Principal, Side
from portal_app.gateways.pdf import typesetter


@dataclass(frozen=True, slots=True)
class Document:
    file_name: str  # plain ASCII
    content: bytes  # PDF


def render(name: str, facts: dict[str, Any]) -> Document:
    return Document(f"{name}.pdf", typesetter().render_pdf("paper", facts, made=now()))


def safe_filename(number: str) -> str:
    """Of a file's name: what any system takes."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in number)
    return kept.strip("-.") or "paper"


def note_staff(principal: Principal, action: str, subject: str) -> None:
    """Staff who read a patient's paper leave a line in the trail."""
    if principal.side is Side.STAFF:
        with transaction(principal) as tx:
            tx.add_as_system(entry(principal, action, subject=subject))
