"""Whose sites may show the portal in a frame: the one place that says so."""

from collections.abc import Iterable
from dataclasses import replace

from portal_app.db.scope import reading, transaction
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Permission, Principal, the_portal
from portal_app.domain.embedding import known_origins, origin_of
from portal_app.settings import settings


def framed_by(principal: Principal) -> tuple[str, ...]:
    """Origins: the practice's own setting, and PORTAL_EMBED_ORIGINS. Empty: nobody's."""
    with reading(principal) as tx:
        practice = tx.get(Practice, "practice")
        return known_origins(practice.embed_origins if practice else (), settings().embed_origins)


def change_embed_origins(principal: Principal, origins: Iterable[str]) -> tuple[str, ...]:
    """The practice's own list from now on; open frames keep until they are loaded again. Refused for what is no site."""
    principal.require(Permission.MANAGE_SETTINGS)
    wanted = list(dict.fromkeys(origin_of(one) for one in origins))
    errand = replace(the_portal("settings"), name=principal.name, session_ref=principal.session_ref)
    with transaction(errand) as tx:
        row = tx.find(Practice, "practice", lock=True)
        row.embed_origins = wanted
        row.version += 1
    return tuple(wanted)
