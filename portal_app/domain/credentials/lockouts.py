"""Failed sign-ins: who tries, as far as we know them, and for how long they are locked out of an account."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

FAILURES_FORGOTTEN_AFTER = timedelta(days=1)  # since the last one
DEVICE_KNOWN_FOR = timedelta(days=180)  # since the person's last sign-in there
NETWORK_KNOWN_FOR = timedelta(days=90)
DEVICES_AT_MOST = 10  # known devices of one person; then the one not used for longest is forgotten
NETWORKS_AT_MOST = 20
TOLD_AFTER = 20  # failures on one account within a day, from everywhere: then the practice is told
_FREE_FAILURES = 4
_FIRST_LOCK, _LONGEST_LOCK = timedelta(minutes=1), timedelta(hours=1)


class Standing(StrEnum):
    """What we know of whoever tries to sign in as a person, before they have proved anything."""

    DEVICE = "device"  # a browser with which this person has signed in
    NETWORK = "network"  # another browser, in a network from which this person has signed in
    STRANGER = "stranger"


@dataclass(frozen=True, slots=True)
class Asker:
    """Whoever tries to sign in as one person. `source` names the device or the network; failures are counted by it."""

    standing: Standing
    source: str


def lock_after(failures: int) -> timedelta:
    """How long one device or network is locked out of one account after so many failures in a row.

    Not at all up to four, a minute after the fifth, doubling to an hour; a day from the twentieth on.
    """
    over = failures - _FREE_FAILURES
    if over <= 0:
        return timedelta()
    if failures >= TOLD_AFTER:
        return FAILURES_FORGOTTEN_AFTER
    return min(_FIRST_LOCK * 2 ** (over - 1), _LONGEST_LOCK)
