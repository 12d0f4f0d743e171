"""What must hold before the portal serves anybody; `portal doctor` says the same."""

from urllib.parse import urlsplit

from portal_app.settings import Settings

_SHORTEST_KEY = 32


def dangers(ours: Settings) -> list[str]:
    """Why this must not be served, in plain words. A demo may do more than the real portal."""
    if ours.demo:
        return []
    found = []
    if len(ours.secret_key.get_secret_value()) < _SHORTEST_KEY:
        found.append(f"PORTAL_SECRET_KEY is missing or shorter than {_SHORTEST_KEY} characters")
    if urlsplit(ours.public_url).scheme != "https":
        found.append("PORTAL_PUBLIC_URL must begin with https:// (sessions travel in secure cookies only)")
    if ours.clock:
        found.append("PORTAL_CLOCK is for demo and tests; production keeps the real time")
    if ours.stripe_api_base or ours.stripe_script_url:
        found.append("STRIPE_API_BASE and STRIPE_SCRIPT_URL are for tests; production talks to Stripe itself")
    return found


def refuse_unsafe_start(ours: Settings) -> None:
    """SystemExit with every danger on a line of its own."""
    if found := dangers(ours):
        raise SystemExit("\n".join(f"portal: {danger}" for danger in found))
