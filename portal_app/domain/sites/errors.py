"""Why the address of a site is refused."""

from portal_app.domain.errors import UserError


class SiteUnusable(UserError):
    code = "site.unusable"
    message = "Write the address of your site like https://www.example.org, without a page"
    field = "embed_origins"


class TooManySites(UserError):
    code = "site.too_many"
    message = "At most {n} addresses"
    field = "embed_origins"
