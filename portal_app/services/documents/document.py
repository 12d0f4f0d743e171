"""A document: its file's name, its PDF, and the line in the audit trail when staff read it."""

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
    """Make a document of the common template, with these facts."""
    return Document(f"{name}.pdf", typesetter().render_pdf("paper", facts, made=now()))


def safe_filename(number: str) -> str:
    """A number as a part of a file's name that every system takes."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in number)
    return kept.strip("-.") or "paper"


def note_staff(principal: Principal, action: str, subject: str) -> None:
    """Note in the audit trail that staff read a patient's document; nothing for anybody else."""
    if principal.side is Side.STAFF:
        with transaction(principal) as tx:
            tx.add_as_system(entry(principal, action, subject=subject))
