"""Whose sites may show the portal in a frame: the one place that says so."""

from portal_app.db.scope import reading
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Principal
from portal_app.domain.sites.embedding import known_origins
from portal_app.settings import settings


def framed_by(principal: Principal) -> tuple[str, ...]:
    """Origins: the practice's own setting, and PORTAL_EMBED_ORIGINS. Empty: nobody's."""
    with reading(principal) as tx:
        practice = tx.get(Practice, "practice")
        return known_origins(practice.embed_origins if practice else (), settings().embed_origins)
