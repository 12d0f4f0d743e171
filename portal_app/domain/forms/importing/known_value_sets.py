"""Value sets of HL7 that questionnaires name without bringing them along (FHIR R4 4.0.1, CC0)."""

from portal_app.domain.forms.types import Option, Text
from portal_app.domain.forms.values import Coding, Value, ValueType

_FHIR = "http://hl7.org/fhir/"
_TERMS = "http://terminology.hl7.org/CodeSystem/"
_YES_NO = (("Y", "Yes", "Sí"), ("N", "No", "No"))

# Name of the value set → code system → code, English, Spanish.
_SETS: dict[str, dict[str, tuple[tuple[str, str, str], ...]]] = {
    "administrative-gender": {
        f"{_FHIR}administrative-gender": (
            ("male", "Male", "Masculino"),
            ("female", "Female", "Femenino"),
            ("other", "Other", "Otro"),
            ("unknown", "Unknown", "Desconocido"),
        )
    },
    "v2-0136": {f"{_TERMS}v2-0136": _YES_NO},
    "yesnodontknow": {
        f"{_TERMS}v2-0136": _YES_NO,
        f"{_TERMS}data-absent-reason": (("asked-unknown", "Don't know", "No sé"),),
    },
    "marital-status": {
        f"{_TERMS}v3-MaritalStatus": (
            ("A", "Annulled", "Matrimonio anulado"),
            ("D", "Divorced", "Divorciado/a"),
            ("I", "Interlocutory", "Divorcio en trámite"),
            ("L", "Legally separated", "Separado/a legalmente"),
            ("M", "Married", "Casado/a"),
            ("P", "Polygamous", "Polígamo/a"),
            ("S", "Never married", "Soltero/a"),
            ("T", "Domestic partner", "Pareja de hecho"),
            ("U", "Unmarried", "No casado/a"),
            ("W", "Widowed", "Viudo/a"),
        ),
        f"{_TERMS}v3-NullFlavor": (("UNK", "Unknown", "Desconocido"),),
    },
    "name-use": {
        f"{_FHIR}name-use": (
            ("usual", "Usual", "Habitual"),
            ("official", "Official", "Oficial"),
            ("temp", "Temp", "Temporal"),
            ("nickname", "Nickname", "Apodo"),
            ("anonymous", "Anonymous", "Anónimo"),
            ("old", "Old", "Anterior"),
            ("maiden", "Name changed for marriage", "Apellido de soltera"),
        )
    },
    "address-use": {
        f"{_FHIR}address-use": (
            ("home", "Home", "Casa"),
            ("work", "Work", "Trabajo"),
            ("temp", "Temporary", "Temporal"),
            ("old", "Old / incorrect", "Anterior o incorrecta"),
            ("billing", "Billing", "Facturación"),
        )
    },
    "contact-point-use": {
        f"{_FHIR}contact-point-use": (
            ("home", "Home", "Casa"),
            ("work", "Work", "Trabajo"),
            ("temp", "Temp", "Temporal"),
            ("old", "Old", "Anterior"),
            ("mobile", "Mobile", "Celular"),
        )
    },
    "contact-point-system": {
        f"{_FHIR}contact-point-system": (
            ("phone", "Phone", "Teléfono"),
            ("fax", "Fax", "Fax"),
            ("email", "Email", "Correo electrónico"),
            ("pager", "Pager", "Buscapersonas"),
            ("url", "URL", "URL"),
            ("sms", "SMS", "SMS"),
            ("other", "Other", "Otro"),
        )
    },
    "allergyintolerance-clinical": {
        f"{_TERMS}allergyintolerance-clinical": (
            ("active", "Active", "Activa"),
            ("inactive", "Inactive", "Inactiva"),
            ("resolved", "Resolved", "Resuelta"),
        )
    },
    "allergyintolerance-verification": {
        f"{_TERMS}allergyintolerance-verification": (
            ("unconfirmed", "Unconfirmed", "Sin confirmar"),
            ("confirmed", "Confirmed", "Confirmada"),
            ("refuted", "Refuted", "Descartada"),
            ("entered-in-error", "Entered in Error", "Ingresada por error"),
        )
    },
    "allergy-intolerance-category": {
        f"{_FHIR}allergy-intolerance-category": (
            ("food", "Food", "Alimento"),
            ("medication", "Medication", "Medicamento"),
            ("environment", "Environment", "Ambiente"),
            ("biologic", "Biologic", "Producto biológico"),
        )
    },
    "allergy-intolerance-criticality": {
        f"{_FHIR}allergy-intolerance-criticality": (
            ("low", "Low Risk", "Riesgo bajo"),
            ("high", "High Risk", "Riesgo alto"),
            ("unable-to-assess", "Unable to Assess Risk", "No se puede evaluar el riesgo"),
        )
    },
    "reaction-event-severity": {
        f"{_FHIR}reaction-event-severity": (
            ("mild", "Mild", "Leve"),
            ("moderate", "Moderate", "Moderada"),
            ("severe", "Severe", "Grave"),
        )
    },
    "condition-clinical": {
        f"{_TERMS}condition-clinical": (
            ("active", "Active", "Activa"),
            ("recurrence", "Recurrence", "Recurrencia"),
            ("relapse", "Relapse", "Recaída"),
            ("inactive", "Inactive", "Inactiva"),
            ("remission", "Remission", "Remisión"),
            ("resolved", "Resolved", "Resuelta"),
        )
    },
    "medicationrequest-status": {
        f"{_FHIR}CodeSystem/medicationrequest-status": (
            ("active", "Active", "Activa"),
            ("on-hold", "On Hold", "En pausa"),
            ("cancelled", "Cancelled", "Cancelada"),
            ("completed", "Completed", "Completada"),
            ("entered-in-error", "Entered in Error", "Ingresada por error"),
            ("stopped", "Stopped", "Suspendida"),
            ("draft", "Draft", "Borrador"),
            ("unknown", "Unknown", "Desconocida"),
        )
    },
    "days-of-week": {
        f"{_FHIR}days-of-week": (
            ("mon", "Monday", "Lunes"),
            ("tue", "Tuesday", "Martes"),
            ("wed", "Wednesday", "Miércoles"),
            ("thu", "Thursday", "Jueves"),
            ("fri", "Friday", "Viernes"),
            ("sat", "Saturday", "Sábado"),
            ("sun", "Sunday", "Domingo"),
        )
    },
}
_PREFIXES = ("http://hl7.org/fhir/ValueSet/", "http://terminology.hl7.org/ValueSet/")


def known_options(url: str) -> tuple[Option, ...] | None:
    """The options of a value set of HL7, by its address without a version; None for one that is not built in."""
    for prefix in _PREFIXES:
        systems = _SETS.get(url.removeprefix(prefix)) if url.startswith(prefix) else None
        if systems is not None:
            return tuple(
                Option(
                    Value(ValueType.CODING, Coding(system, code, english)),
                    Text(english, translations=(("es", spanish),)),
                )
                for system, concepts in systems.items()
                for code, english, spanish in concepts
            )
    return None
