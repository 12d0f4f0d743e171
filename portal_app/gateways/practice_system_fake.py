"""The practice's own system, as tests have it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from portal_app.gateways.sending import Failed, Sending, Sent


@dataclass
class FakePracticeSystem:
    """Keeps each entry that it accepted, by its key, and the keys of all calls; `away`: it cannot be reached."""

    away: bool = False
    forgets_to_answer: bool = False  # it accepts the entry, and its answer is lost
    taken: dict[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    asked: list[str] = field(default_factory=list[str])

    def post_entry(self, entry: Mapping[str, Any], *, key: str) -> Sending:
        self.asked.append(key)
        if self.away:
            return Failed(permanent=False, reason="no answer (ConnectError)")
        self.taken.setdefault(key, dict(entry))
        if self.forgets_to_answer:
            return Failed(permanent=False, reason="no answer (ReadTimeout)")
        return Sent()
