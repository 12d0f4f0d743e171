"""A process that dies between any two steps: before or after a commit, before or after the processor's answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from portal_app.db.scope import Tx
from portal_app.gateways.payments import Charge, NoAnswer, Outcome, RefundFacts
from portal_app.gateways.payments_fake import FakeProcessor


class SimulatedCrash(BaseException):
    """Nothing of ours catches it, as nothing catches `kill -9`."""


class Fuse:
    """Burns one step at each boundary; at the last one the process is gone."""

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
        """Every commit is a boundary, before it and after it."""
        for moment in ("before_commit", "after_commit"):
            event.listen(Tx, moment, self.step)
        try:
            yield
        finally:
            for moment in ("before_commit", "after_commit"):
                event.remove(Tx, moment, self.step)


class CrashingProcessor(FakeProcessor):
    """Each question to the processor is a boundary, before it is asked and after it was answered."""

    fuse: Fuse
    away = False  # nothing reaches it, and it says nothing


def _silence(name: str) -> Any:
    if name.endswith("_since"):
        raise NoAnswer
    if name == "customer":
        return ""
    return RefundFacts(Outcome.UNKNOWN) if "refund" in name else Charge(Outcome.UNKNOWN)


def _with_boundaries(name: str) -> Any:
    asked = getattr(FakeProcessor, name)

    def between(self: CrashingProcessor, *args: Any, **kwargs: Any) -> Any:
        self.fuse.step()
        if self.away:
            return _silence(name)
        answer = asked(self, *args, **kwargs)
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
