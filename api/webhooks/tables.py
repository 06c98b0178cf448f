"""The tables of webhooks in the control data."""

from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from api.webhooks.webhook import Delivery, Phase, State, Status, Webhook
from zenata.control.database import Base


class WebhookRow(Base):
    """A webhook; members as in `api.webhooks.webhook.Webhook`."""

    __tablename__ = "webhooks"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    pilot: Mapped[str] = mapped_column(String(32), index=True)
    name: Mapped[str] = mapped_column(String(200))
    url: Mapped[str] = mapped_column(String(2000))
    world: Mapped[str] = mapped_column(String(64))
    condition: Mapped[dict[str, Any]] = mapped_column(JSON)
    secret: Mapped[str] = mapped_column(String(64))
    made: Mapped[int] = mapped_column(BigInteger)
    begun: Mapped[int] = mapped_column(BigInteger)
    enabled: Mapped[bool]
    reason: Mapped[str] = mapped_column(String(200))
    seen: Mapped[int | None] = mapped_column(BigInteger)
    failing: Mapped[int | None] = mapped_column(BigInteger)

    @property
    def webhook(self) -> Webhook:
        """The row as a value."""
        return Webhook(**{column.name: getattr(self, column.name) for column in self.__table__.columns})


class StateRow(Base):
    """How the condition of a webhook is for one sensor or event; members as in `api.webhooks.webhook.State`."""

    __tablename__ = "webhook_states"

    webhook: Mapped[str] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(130), primary_key=True)
    phase: Mapped[int]
    since: Mapped[int] = mapped_column(BigInteger)
    time: Mapped[int] = mapped_column(BigInteger)
    about: Mapped[str] = mapped_column(Text)

    @property
    def state(self) -> State:
        """The row as a value."""
        return State(phase=Phase(self.phase), since=self.since, time=self.time, about=self.about)


class DeliveryRow(Base):
    """A delivery; members as in `api.webhooks.webhook.Delivery`."""

    __tablename__ = "webhook_deliveries"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    webhook: Mapped[str] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"), index=True)
    type: Mapped[str] = mapped_column(String(40))
    made: Mapped[int] = mapped_column(BigInteger)
    body: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int]
    due: Mapped[int | None] = mapped_column(BigInteger, index=True)
    tried: Mapped[int | None] = mapped_column(BigInteger)
    took: Mapped[float | None]
    code: Mapped[int | None]
    error: Mapped[str] = mapped_column(String(200))
    subject: Mapped[str] = mapped_column(String(130))

    @property
    def delivery(self) -> Delivery:
        """The row as a value."""
        members = {column.name: getattr(self, column.name) for column in self.__table__.columns}
        return Delivery(**members | {"status": Status(self.status)})


class WebhookRevision(Base):
    """One row whose number rises whenever a webhook is made, changed or removed."""

    __tablename__ = "webhook_revision"
    __table_args__ = (CheckConstraint("id = 1"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)
