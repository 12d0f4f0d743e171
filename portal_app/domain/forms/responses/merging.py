"""Several devices answer one form: which answer counts, and what to say of one that came too late (FORM-24)."""

from dataclasses import dataclass, replace
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Written:
    """What is kept of a place: how often it was answered, and by which tab last.

    Args:
        number: 0 before the first answer, one more with each.
        tab: the tab that wrote last; turn: the how-manieth sending of that tab it was.
    """

    number: int = 0
    tab: str = ""
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Sent:
    """How an answer arrived. A counter of the browser alone is not enough: a tab without a connection counts on.

    Args:
        base: the number that the tab saw when the answer was typed.
        tab: names the tab, for as long as it is open.
        turn: grows with each sending of this tab.
    """

    base: int
    tab: str
    turn: int


class Arrival(StrEnum):
    SAVED = "saved"
    AGAIN = "again"  # this very sending, or a later one of the same tab, is there already
    LATE = "late"  # somebody else's answer is newer: it stays, and the tab is shown it


def arrive(kept: Written, sent: Sent) -> tuple[Arrival, Written]:
    """Whether an answer is kept, and what is kept of the place then.

    It counts if it was typed on the answer that is there, or if the same tab wrote that one.
    """
    if sent.tab == kept.tab and sent.turn <= kept.turn:
        return Arrival.AGAIN, kept
    if sent.base != kept.number and sent.tab != kept.tab:
        return Arrival.LATE, kept
    return Arrival.SAVED, replace(kept, number=kept.number + 1, tab=sent.tab, turn=sent.turn)
