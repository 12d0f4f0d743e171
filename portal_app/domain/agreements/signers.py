"""Who signs an agreement of a patient, and in which part (DOMAIN.md, Agreement)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from portal_app.domain.agreements.errors import AdultSignerMissing, SecondSignerMissing, SignersEqual
from portal_app.domain.agreements.types import SignatureRules, SignerPart
from portal_app.domain.families import ADULT_AGE, is_younger_than
from portal_app.domain.ids import PatientId

ADULTS = (SignerPart.GUARDIAN, SignerPart.SECOND_GUARDIAN)


@dataclass(frozen=True, slots=True)
class Asked:
    """The patient whose agreement it is. `adults`: the responsible adults on file, the guarantor first."""

    id: PatientId
    birth_date: date | None
    adults: tuple[PatientId, ...] = ()


class Wanted(NamedTuple):
    """One signer: a named person, or whoever may act for the patient."""

    part: SignerPart
    signer_id: PatientId | None


def wanted_signers(
    asked: Asked,
    rules: SignatureRules,
    named: Mapping[SignerPart, PatientId],
    dependent_age: int,
    today: date,
) -> tuple[Wanted, ...]:
    """The signers of a request, in the order in which they are listed.

    Args:
        named: whom staff named for a part.

    Raises: SecondSignerMissing, AdultSignerMissing, SignersEqual.
    """
    if is_younger_than(asked.birth_date, dependent_age, today):
        signers = _of_child(asked, rules, named)
    else:
        signers = [Wanted(SignerPart.PATIENT, None)]
        if rules.adult_until_18 and is_younger_than(asked.birth_date, ADULT_AGE, today):
            adults = [adult for adult in asked.adults if adult != asked.id]
            adult = named.get(SignerPart.GUARDIAN) or next(iter(adults), None)
            if adult is None or adult == asked.id:
                raise AdultSignerMissing
            signers.append(Wanted(SignerPart.GUARDIAN, adult))
    if rules.countersigned:
        signers.append(Wanted(SignerPart.PRACTICE, None))
    return tuple(signers)


def _of_child(asked: Asked, rules: SignatureRules, named: Mapping[SignerPart, PatientId]) -> list[Wanted]:
    first, second = named.get(SignerPart.GUARDIAN), named.get(SignerPart.SECOND_GUARDIAN)
    signers = [Wanted(SignerPart.GUARDIAN, first)]
    if not rules.second_guardian:
        return signers
    if second is None and len(set(asked.adults)) < 2:
        raise SecondSignerMissing
    if second is not None and (second == first or second == asked.id):
        raise SignersEqual
    return [*signers, Wanted(SignerPart.SECOND_GUARDIAN, second)]


def part_of(
    viewer: PatientId, waiting: Collection[Wanted], signed: Collection[PatientId], *, acts_for_patient: bool
) -> SignerPart | None:
    """The part in which a viewer may sign now: the one that names them, else one that names nobody; one each.

    Args:
        signed: who has signed this request already.
        acts_for_patient: whether the viewer is the patient or may act for them.
    """
    if viewer in signed:
        return None
    for wanted in waiting:
        if wanted.signer_id == viewer:
            return wanted.part
    if not acts_for_patient:
        return None
    open_parts = (w.part for w in waiting if w.signer_id is None and w.part is not SignerPart.PRACTICE)
    return next(iter(sorted(open_parts, key=_ORDER.index)), None)


def adult_may_sign(birth_date: date | None, rules: SignatureRules, dependent_age: int, today: date) -> bool:
    """Whether a responsible adult's signature still counts for the patient on this day."""
    if is_younger_than(birth_date, dependent_age, today):
        return True
    return rules.adult_until_18 and is_younger_than(birth_date, ADULT_AGE, today)


_ORDER = (SignerPart.PATIENT, SignerPart.GUARDIAN, SignerPart.SECOND_GUARDIAN, SignerPart.PRACTICE)
