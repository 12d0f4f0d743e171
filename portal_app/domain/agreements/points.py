"""What a text of each kind should say: the checklist that staff tick before they publish."""

from portal_app.domain.agreements.types import AgreementKind

# Names of points; their words are the pages'. Membership contracts: what state laws on direct primary care ask for.
POINTS: dict[AgreementKind, tuple[str, ...]] = {
    AgreementKind.MEMBERSHIP: (
        "not_insurance",
        "services",
        "fee",
        "term",
        "renewal",
        "ending",
        "refund",
    ),
    AgreementKind.FINANCIAL_POLICY: ("due", "late", "methods", "estimates", "questions"),
    AgreementKind.PRIVACY: ("notice_received", "uses", "rights", "contact"),
    AgreementKind.OTHER: (),
}


def open_points(kind: AgreementKind, ticked: list[str]) -> tuple[str, ...]:
    """The points that nobody has ticked yet."""
    return tuple(point for point in POINTS[kind] if point not in ticked)
