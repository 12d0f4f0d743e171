"""The demo's outbox page: every message that was sent."""

from dataclasses import dataclass

import reflex as rx

from portal_app.i18n import ago_text
from portal_app.services.messaging.log import SentMessage, sent_messages
from portal_app.state.base import PortalState, in_thread, me, public
from portal_app.state.live import watch


@dataclass(frozen=True)
class MessageItem:
    id: str
    sent_to: str
    by_text: bool
    subject: str
    body: str
    attachments: str
    when: str


class OutboxState(PortalState):
    ready: rx.Field[bool] = rx.field(False)
    messages: rx.Field[list[MessageItem]] = rx.field(default_factory=list)

    @rx.event
    @public
    async def load(self):
        """Anybody may read the demo's messages; outside of a demo the service refuses."""
        watch("messages", OutboxState.load)
        sent = await in_thread(sent_messages, me())
        self.messages = [self._item(message) for message in sent]
        self.ready = True

    def _item(self, message: SentMessage) -> MessageItem:
        return MessageItem(
            id=message.id,
            sent_to=message.to,
            by_text=message.channel == "phone",
            subject=message.subject,
            body=message.body,
            attachments=", ".join(message.attachments),
            when=ago_text(self.language, message.at),
        )
