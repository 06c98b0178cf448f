"""MQTT clients: one that publishes without losing, one that acknowledges when told to, one that asks.

The only package that knows paho. Clients speak MQTT 3.1.1, and MQTT 5 only to share a subscription.
"""

from zenata.wire.mqtt.publisher import Publisher
from zenata.wire.mqtt.questions import Questions
from zenata.wire.mqtt.subscription import SHARED, Message, Subscription

__all__ = ["SHARED", "Message", "Publisher", "Questions", "Subscription"]
