"""Simulated crashes between any two steps: around a commit, around the processor's answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from portal_app.db.scope import Tx
from portal_app.gateways.payments import Charge, NoAnswer, Outcome, RefundFacts
from portal_app.gateways.payments_fake import FakeProcessor


class SimulatedCrash(BaseException):
    """A BaseException, so that no code of the portal catches it: like `kill -9`."""


class Fuse:
    """Counts down at each boundary between steps; at zero the process "crashes"."""

    left: int | None = None

    def step(self, *_: Any) -> None:
        if self.left is None:
            return
        if self.left == 0:
            self.left = None
            raise SimulatedCrash
        self.left -= 1

    @contextmanager
    def lit(self, steps: int | None) -> Iterator[None]:
        """Crash at the boundary number `steps`, if the work has that many; None: no crash."""
        self.left = steps
        try:
            yield
        except SimulatedCrash:
            pass
        finally:
            self.left = None

    @contextmanager
    def at_commits(self) -> Iterator[None]:
        """Make every commit two boundaries: before it and after it."""
        for moment in ("before_commit", "after_commit"):
            event.listen(Tx, moment, self.step)
        try:
            yield
        finally:
            for moment in ("before_commit", "after_commit"):
                event.remove(Tx, moment, self.step)


class CrashingProcessor(FakeProcessor):
    """Every call of the processor is two boundaries: before the request and after the answer."""

    fuse: Fuse
    away = False  # unreachable: it does not answer


def _silence(name: str) -> Any:
    if name.endswith("_since"):
        raise NoAnswer
    if name == "customer":
        return ""
    return RefundFacts(Outcome.UNKNOWN) if "refund" in name else Charge(Outcome.UNKNOWN)


def _with_boundaries(name: str) -> Any:
    method = getattr(FakeProcessor, name)

    def between(self: CrashingProcessor, *args: Any, **kwargs: Any) -> Any:
        self.fuse.step()
        if self.away:
            return _silence(name)
        answer = method(self, *args, **kwargs)
        if name.endswith("_since"):
            answer = iter(list(answer))
        self.fuse.step()
        return answer

    return between


for _name in (
    "customer",
    "charge",
    "look_up",
    "cancel",
    "refund",
    "look_up_refund",
    "charges_since",
    "refunds_since",
):
    setattr(CrashingProcessor, _name, _with_boundaries(_name))
