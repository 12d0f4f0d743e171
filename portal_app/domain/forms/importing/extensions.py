"""The FHIR extensions that the portal reads, and those whose loss is said in words of its own."""

from collections.abc import Iterator, Mapping
from typing import Any

from portal_app.domain.forms.values import text_of
from portal_app.domain.json_values import is_list_or_tuple, is_object

CORE = "http://hl7.org/fhir/StructureDefinition/"
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/"

CONTROL = f"{CORE}questionnaire-itemControl"
CATEGORY = f"{CORE}questionnaire-displayCategory"
ORIENTATION = f"{CORE}questionnaire-choiceOrientation"
HIDDEN = f"{CORE}questionnaire-hidden"
UNIT = f"{CORE}questionnaire-unit"
UNIT_OPTION = f"{CORE}questionnaire-unitOption"
UNIT_VALUE_SET = f"{CORE}questionnaire-unitValueSet"
UNIT_OPEN = f"{SDC}sdc-questionnaire-unitOpen"
OPTION_PREFIX = f"{CORE}questionnaire-optionPrefix"
OPTION_EXCLUSIVE = f"{CORE}questionnaire-optionExclusive"
ENTRY_FORMAT = f"{CORE}entryFormat"
OPEN_LABEL = f"{SDC}sdc-questionnaire-openLabel"
TRANSLATION = f"{CORE}translation"
XHTML = f"{CORE}rendering-xhtml"
MARKDOWN = f"{CORE}rendering-markdown"
VARIABLE = f"{CORE}variable"
INSTRUCTION = f"{CORE}questionnaire-instruction"
MIN_LENGTH = f"{CORE}minLength"
MIN_VALUE = f"{CORE}minValue"
MAX_VALUE = f"{CORE}maxValue"
MIN_QUANTITY = f"{SDC}sdc-questionnaire-minQuantity"
MAX_QUANTITY = f"{SDC}sdc-questionnaire-maxQuantity"
MIN_OCCURS = f"{CORE}questionnaire-minOccurs"
MAX_OCCURS = f"{CORE}questionnaire-maxOccurs"
DECIMAL_PLACES = f"{CORE}maxDecimalPlaces"
REGEX = f"{CORE}regex"
MIME_TYPE = f"{CORE}mimeType"
MAX_SIZE = f"{CORE}maxSize"
SHOWN_BY = f"{SDC}sdc-questionnaire-enableWhenExpression"
CALCULATED_BY = f"{SDC}sdc-questionnaire-calculatedExpression"
INITIAL_BY = f"{SDC}sdc-questionnaire-initialExpression"

_POPULATION = {
    f"{SDC}sdc-questionnaire-{name}"
    for name in (
        "itemPopulationContext", "sourceQueries", "sourceStructureMap", "launchContext", "contextExpression",
        "candidateExpression", "observationLinkPeriod",
    )
}  # fmt: skip
_EXTRACTION = {
    f"{SDC}sdc-questionnaire-{name}"
    for name in (
        "templateExtract", "templateExtractBundle", "templateExtractContext", "templateExtractValue",
        "itemExtractionContext", "definitionExtract", "definitionExtractValue", "extractAllocateId",
        "observationExtract", "observation-extract-category", "targetStructureMap",
    )
}  # fmt: skip
_CONSTRAINTS = {f"{CORE}questionnaire-constraint", f"{CORE}targetConstraint"}
# What belongs to an expression that is not run.
_EXPRESSIONS = {
    f"{SDC}sdc-questionnaire-{name}"
    for name in ("answerExpression", "answerOptionsToggleExpression", "targetExpression")
} | {f"{CORE}cqf-expression", f"{CORE}cqf-calculatedValue"}
_READ = {
    CONTROL, CATEGORY, ORIENTATION, HIDDEN, UNIT, UNIT_OPTION, UNIT_VALUE_SET, UNIT_OPEN, OPTION_PREFIX,
    OPTION_EXCLUSIVE, ENTRY_FORMAT, OPEN_LABEL, TRANSLATION, XHTML, MARKDOWN, VARIABLE, INSTRUCTION, MIN_LENGTH,
    MIN_VALUE, MAX_VALUE, MIN_QUANTITY, MAX_QUANTITY, MIN_OCCURS, MAX_OCCURS, DECIMAL_PLACES, REGEX, MIME_TYPE,
    MAX_SIZE, SHOWN_BY, CALCULATED_BY, INITIAL_BY, f"{CORE}ordinalValue", f"{CORE}itemWeight",
}  # fmt: skip
# Notes for other programs and for authors: nothing that a person would see is lost.
_NOTES = {
    f"{SDC}sdc-questionnaire-shortText", f"{SDC}sdc-questionnaire-assembledFrom", f"{CORE}valueset-supplement",
    f"{SDC}sdc-rendering-criticalExtension", f"{CORE}artifact-versionAlgorithm", f"{CORE}valueset-label",
    f"{CORE}questionnaire-fhirType", f"{CORE}cqf-library", f"{SDC}sdc-questionnaire-preferredTerminologyServer",
    f"{CORE}display", f"{CORE}data-absent-reason", f"{CORE}originalText",
}  # fmt: skip


def extensions(holder: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The extensions of a JSON object, those of a wrong form left out."""
    given = holder.get("extension")
    for extension in given if is_list_or_tuple(given) else ():
        if is_object(extension) and isinstance(extension.get("url"), str):
            yield extension


def values_of(holder: Mapping[str, Any], *urls: str) -> Iterator[Any]:
    """The values of all extensions with one of these addresses, in order."""
    for extension in extensions(holder):
        if extension["url"] in urls:
            yield next((extension[name] for name in extension if name.startswith("value")), None)


def codes_of(holder: Mapping[str, Any], *urls: str) -> list[str]:
    """The codes of the CodeableConcepts of these extensions: "radio-button", "help"."""
    found: list[str] = []
    for concept in values_of(holder, *urls):
        codings = concept.get("coding") if is_object(concept) else None
        found += [text_of(one.get("code")) for one in codings or () if is_object(one)]
    return [code for code in found if code]


def loss_of(url: str) -> str:
    """What is lost with an extension: "" nothing, else "population", "extraction", "constraint", "expression", "other"."""
    if url in _READ or url in _NOTES:
        return ""
    for name, urls in (
        ("population", _POPULATION),
        ("extraction", _EXTRACTION),
        ("constraint", _CONSTRAINTS),
        ("expression", _EXPRESSIONS),
    ):
        if url in urls:
            return name
    return "other"
