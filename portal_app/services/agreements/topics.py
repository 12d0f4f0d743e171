"""Which open pages are told that something changed about a request: its own page, its patient's list, the staff's."""

from collections.abc import Iterable

from portal_app.db.scope import Tx
from portal_app.domain.ids import AgreementRequestId, PatientId
from portal_app.services.live import announce

STAFF_TOPIC = "agreements"


def request_topic(request_id: AgreementRequestId) -> str:
    """Watched by pages that show this request."""
    return f"agreement:{request_id}"


def patient_topic(patient_id: PatientId) -> str:
    """Watched by lists of this patient's agreements."""
    return f"agreements:{patient_id}"


def announce_request(tx: Tx, request_id: AgreementRequestId | None, patient_id: PatientId) -> None:
    """Tell them after the commit."""
    topics = [patient_topic(patient_id), STAFF_TOPIC]
    if request_id is not None:
        topics.append(request_topic(request_id))
    for topic in topics:
        tx.on_commit(lambda topic=topic: announce(topic))


def announce_asked(patients: Iterable[PatientId]) -> None:
    """Tell them, after the commit, that these patients were asked to sign."""
    for patient_id in patients:
        announce(patient_topic(patient_id))
    announce(STAFF_TOPIC)
