"""Questionnaires for tests: made of a few words, or those that others wrote, where they lie beside the project."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from portal_app.domain.forms.importing.findings import Finding
from portal_app.domain.forms.importing.reader import ReadForm, read_questionnaires
from portal_app.domain.forms.responses.places import Place, Response
from portal_app.domain.forms.types import Form
from portal_app.domain.forms.values import Coding, Value, ValueType

_ROOT = Path(__file__).parents[3]
SHARED = (_ROOT / os.environ.get("PORTAL_SHARED", "../shared")).resolve() / "data" / "01_questionnaires"
CORE = "http://hl7.org/fhir/StructureDefinition/"
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/"


def shared(folder: str) -> Path:
    """A folder of questionnaires that nobody on the project wrote; skips where it is not beside the project."""
    if not (SHARED / folder).is_dir():
        pytest.skip(f"the questionnaires in {folder} are not beside the project (PORTAL_SHARED)")
    return SHARED / folder


def item(link_id: str, kind: str = "string", *below: dict[str, Any], **more: Any) -> dict[str, Any]:
    """One item of a questionnaire."""
    return {
        "linkId": link_id,
        "type": kind,
        "text": f"Question {link_id}",
        **more,
        **({"item": list(below)} if below else {}),
    }


def extension(url: str, kind: str, value: Any) -> dict[str, Any]:
    """An extension: its name is of HL7's core, or of SDC if it says so."""
    home = SDC if url.startswith("sdc-") else CORE
    return {"url": home + url, f"value{kind}": value}


def expression(url: str, text: str, name: str = "", language: str = "text/fhirpath") -> dict[str, Any]:
    """An extension with an expression."""
    return extension(url, "Expression", {"language": language, "expression": text, "name": name})


def when(question: str, operator: str = "=", **answer: Any) -> dict[str, Any]:
    """An enableWhen: `when("1", answerBoolean=True)`."""
    return {"question": question, "operator": operator, **answer}


def questionnaire(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A questionnaire with nothing to say about its head."""
    head = {"resourceType": "Questionnaire", "status": "active", "version": "1", "title": "A form"}
    return {**head, **more, "item": list(items)}


def read(given: object, *supplied: dict[str, Any]) -> ReadForm:
    """The one questionnaire of a file with this content."""
    (found,) = read_questionnaires(json.dumps(given).encode(), supplied)
    return found


def form_of(*items: dict[str, Any], **more: Any) -> Form:
    """The form of these items, which is imported."""
    found = read(questionnaire(*items, **more))
    assert found.form is not None, found.findings
    return found.form


def findings_of(*items: dict[str, Any], **more: Any) -> list[tuple[str, str, str]]:
    """Reason, outcome and place of each finding."""
    return shortly(read(questionnaire(*items, **more)).findings)


def shortly(findings: tuple[Finding, ...]) -> list[tuple[str, str, str]]:
    return [(one.code.value, one.outcome.value, one.place) for one in findings]


def at(form: Form, link_id: str, *repetitions: int) -> Place:
    """The place of an item in these repetitions."""
    return Place(form.by_link_id[link_id].index, repetitions)


def text(words: str) -> Value:
    return Value(ValueType.STRING, words)


def yes(answer: bool = True) -> Value:
    return Value(ValueType.BOOLEAN, answer)


def whole(number: int) -> Value:
    return Value(ValueType.INTEGER, number)


def coded(code: str, system: str = "http://example.org") -> Value:
    return Value(ValueType.CODING, Coding(system, code, code.title()))


def option(code: str, *extensions: dict[str, Any], system: str = "http://example.org") -> dict[str, Any]:
    """An answerOption with a code."""
    made: dict[str, Any] = {"valueCoding": {"system": system, "code": code, "display": code.title()}}
    return {**made, "extension": list(extensions)} if extensions else made


def answered(form: Form, **answers: Value | tuple[Value, ...]) -> Response:
    """A response of a form whose items are named a, b, c, without repetitions."""
    response = Response(form)
    for link_id, values in answers.items():
        given = values if isinstance(values, tuple) else (values,)
        response = response.with_answer(at(form, link_id), given)
    return response
