"""Every kind of message the portal can send, put together here and nowhere else.

English here; catalogs and the practice's own texts on top. No health data in any of them: no service,
no provider, no other person's name.
"""

from types import MappingProxyType

from portal_app.services.messaging.templates.agreement_copies import AGREEMENT_COPIES
from portal_app.services.messaging.templates.agreements import AGREEMENTS
from portal_app.services.messaging.templates.autopay import AUTOPAY
from portal_app.services.messaging.templates.billing import BILLING
from portal_app.services.messaging.templates.contact_details import CONTACT_DETAILS
from portal_app.services.messaging.templates.family import FAMILY
from portal_app.services.messaging.templates.members import MEMBERS
from portal_app.services.messaging.templates.memberships import MEMBERSHIPS
from portal_app.services.messaging.templates.sign_in import SIGN_IN
from portal_app.services.messaging.templates.staff import STAFF
from portal_app.services.messaging.templates.types import Registry

# In the order in which staff see them. Nothing is added later: what this module lists is all there is.
TEMPLATES: Registry = MappingProxyType(
    {
        **BILLING,
        **MEMBERSHIPS,
        **MEMBERS,
        **AUTOPAY,
        **AGREEMENTS,
        **AGREEMENT_COPIES,
        **SIGN_IN,
        **CONTACT_DETAILS,
        **FAMILY,
        **STAFF,
    }
)
