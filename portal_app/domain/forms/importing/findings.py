"""What the import of a questionnaire has to say: where, what, and what the portal did about it."""

from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    REFUSED = "refused"  # the form is not imported
    REPAIRED = "repaired"
    LEFT_OUT = "left_out"  # the form is imported without it
    AS_TEXT = "as_text"  # shown as words, or asked as text
    NOTED = "noted"  # nothing was changed


class FindingCode(StrEnum):
    """The reasons; `portal_app/domain/forms/importing/finding_texts.py` has their words."""

    TOO_LARGE = "too_large"
    NO_JSON = "no_json"
    UNSTORABLE = "unstorable"
    NO_QUESTIONNAIRE = "no_questionnaire"
    TOO_MANY_ITEMS = "too_many_items"
    NO_ITEMS = "no_items"
    MODIFIER = "modifier"
    STATUS_MISSING = "status_missing"
    VERSION_MISSING = "version_missing"
    RETIRED = "retired"
    MALFORMED = "malformed"
    LINK_ID_MISSING = "link_id_missing"
    LINK_ID_DUPLICATE = "link_id_duplicate"
    LINK_ID_AMBIGUOUS = "link_id_ambiguous"
    TYPE_UNKNOWN = "type_unknown"
    TEXT_MISSING = "text_missing"
    EMPTY_GROUP = "empty_group"
    ITEMS_UNDER_DISPLAY = "items_under_display"
    OPTIONS_MISSING = "options_missing"
    OPTION_INVALID = "option_invalid"
    VALUE_SET_UNKNOWN = "value_set_unknown"
    VALUE_SET_INCOMPLETE = "value_set_incomplete"
    INITIAL_INVALID = "initial_invalid"
    CONDITION_TARGET_MISSING = "condition_target_missing"
    CONDITION_INVALID = "condition_invalid"
    BEHAVIOUR_MISSING = "behaviour_missing"
    CONDITION_LATER = "condition_later"
    CONDITION_CHAIN = "condition_chain"
    CONDITION_LOOP = "condition_loop"
    LIMIT_INVALID = "limit_invalid"
    PATTERN_INVALID = "pattern_invalid"
    CONTROL_UNKNOWN = "control_unknown"
    EXPRESSION_UNKNOWN = "expression_unknown"
    EXPRESSION_LANGUAGE = "expression_language"
    POPULATION = "population"
    EXTRACTION = "extraction"
    CONSTRAINT = "constraint"
    EXTENSION_UNKNOWN = "extension_unknown"
    MARKUP_CLEANED = "markup_cleaned"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to say about a questionnaire.

    Args:
        place: the item's number ("4.2"), "" for the form itself.
        link_id: the item's linkId as the file has it, "" without.
        values: what fills the placeholders of its words.
    """

    code: FindingCode
    outcome: Outcome
    place: str = ""
    link_id: str = ""
    values: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Findings:
    """Collects findings while a questionnaire is read; the same thing at one place is said once."""

    found: dict[Finding, None] = field(default_factory=dict[Finding, None])

    def add(
        self, code: FindingCode, outcome: Outcome, place: str = "", link_id: str = "", **values: str
    ) -> None:
        shortened = tuple(
            (name, text if len(text) <= 200 else f"{text[:199]}…") for name, text in values.items()
        )
        self.found[Finding(code, outcome, place, link_id, shortened)] = None

    @property
    def refused(self) -> bool:
        return any(one.outcome is Outcome.REFUSED for one in self.found)
