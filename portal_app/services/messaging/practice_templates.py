"""The practice's own words for what it tells patients of money: by kind of message and language."""

from dataclasses import dataclass

from portal_app.db.scope import reading
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Permission, Principal
from portal_app.i18n import translate
from portal_app.services.messaging.practice_template_rules import places_of, setting_name, wording_setting
from portal_app.services.messaging.registry import TEMPLATES
from portal_app.services.practice.settings import Changed, change_setting, errand_for, last_change


@dataclass(frozen=True, slots=True)
class PracticeTemplate:
    """`own` and `ours` by part: "subject", "body", "sms". What is empty in `own` is said as in `ours`."""

    own: dict[str, str]
    ours: dict[str, str]
    places: tuple[str, ...]  # what may stand in braces
    needs: tuple[str, ...]  # and what has to
    changed: Changed


def view_practice_template(principal: Principal, kind: str, language: str) -> PracticeTemplate:
    """A kind of message in a language, with the practice's own text and the portal's. Raises NotFound."""
    principal.require(Permission.MANAGE_SETTINGS)
    setting = wording_setting(setting_name(kind, language))
    with reading(errand_for(principal)) as tx:
        own = setting.read(tx.get_or_404(Practice, "practice"))
        template = TEMPLATES[kind]
        parts = {"subject": template.subject, "body": template.body, "sms": template.sms}
        return PracticeTemplate(
            own={part: str(own.get(part, "")) for part in parts},
            ours={part: translate(language, text) for part, text in parts.items()},
            places=places_of(kind),
            needs=template.needs,
            changed=last_change(tx, setting.name),
        )


def change_practice_template(
    principal: Principal, kind: str, language: str, *, subject: str, body: str, sms: str
) -> bool:
    """From the next message on; an empty part goes back to ours. False: it was so already."""
    name = setting_name(kind, language)
    return change_setting(principal, name, {"subject": subject, "body": body, "sms": sms})
