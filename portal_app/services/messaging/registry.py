"""Every kind of message the portal can send, put together here and nowhere else.

English here; catalogs and the practice's own texts on top. No health data in any of them: no service,
no provider, no other person's name.
"""

from types import MappingProxyType

from portal_app.services.messaging.templates.billing import BILLING
from portal_app.services.messaging.templates.contact_details import CONTACT_DETAILS
from portal_app.services.messaging.templates.family import FAMILY
from portal_app.services.messaging.templates.sign_in import SIGN_IN
from portal_app.services.messaging.templates.staff import STAFF
from portal_app.services.messaging.templates.types import Registry

# In the order in which staff see them. Nothing is added later: what this module lists is all there is.
TEMPLATES: Registry = MappingProxyType({**BILLING, **SIGN_IN, **CONTACT_DETAILS, **FAMILY, **STAFF})
