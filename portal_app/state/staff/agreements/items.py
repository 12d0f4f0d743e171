"""What the editor of an agreement shows, made of what the services say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

from portal_app.domain.access import Principal
from portal_app.domain.agreements.blocks import placeholders_of
from portal_app.domain.agreements.types import AgreementKind, SignatureRules
from portal_app.i18n import gettext_noop, translate
from portal_app.services.agreements.texts.draft import WrittenText
from portal_app.services.agreements.texts.publish import Problem
from portal_app.services.agreements.texts.read import preview_text
from portal_app.services.agreements.texts.versions import in_order
from portal_app.state.agreement_text import TextRow, text_rows
from portal_app.state.staff.agreements.labels import PLACEHOLDERS, POINTS, RULES, language_name

_ALL_LANGUAGES = gettext_noop("All languages")


@dataclass(frozen=True)
class TextItem:
    """The fields of one language, as they are filled at first."""

    language: str
    name: str
    title: str
    markdown: str
    removable: bool


@dataclass(frozen=True)
class PreviewItem:
    language: str
    name: str
    title: str
    rows: list[TextRow]


@dataclass(frozen=True)
class TickItem:
    """A rule, or a point of the checklist."""

    name: str
    words: str
    ticked: bool


@dataclass(frozen=True)
class NamedItem:
    """A placeholder with what fills it; a problem with its language."""

    key: str
    name: str
    words: str


def text_items(texts: Mapping[str, WrittenText]) -> list[TextItem]:
    return [
        TextItem(code, language_name(code), texts[code].title, texts[code].markdown, len(texts) > 1)
        for code in in_order(texts)
    ]


def preview_items(
    principal: Principal, texts: Mapping[str, WrittenText], facts: Mapping[str, str]
) -> list[PreviewItem]:
    """Each language as its readers see it, with the facts of a patient where one is chosen."""
    shown = [preview_text(principal, code, texts[code], facts) for code in in_order(texts)]
    return [
        PreviewItem(text.language, language_name(text.language), text.title, text_rows(text.blocks))
        for text in shown
    ]


def rule_items(language: str, rules: SignatureRules) -> list[TickItem]:
    return [
        TickItem(rule.name, translate(language, RULES[rule.name]), getattr(rules, rule.name))
        for rule in fields(rules)
    ]


def point_items(language: str, points: Iterable[tuple[str, bool]]) -> list[TickItem]:
    return [TickItem(name, translate(language, POINTS[name]), ticked) for name, ticked in points]


def placeholder_items(language: str, kind: AgreementKind) -> list[NamedItem]:
    return [
        NamedItem(name, f"{{{{{name}}}}}", translate(language, PLACEHOLDERS[name]))
        for name in placeholders_of(kind)
    ]


def problem_items(language: str, problems: Iterable[Problem]) -> list[NamedItem]:
    """What keeps a draft from being published, each with its language and its line."""
    return [
        NamedItem(
            str(position),
            language_name(each.language) if each.language else translate(language, _ALL_LANGUAGES),
            translate(language, each.error.message, **each.error.values),
        )
        for position, each in enumerate(problems)
    ]
