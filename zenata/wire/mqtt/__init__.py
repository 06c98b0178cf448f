"""MQTT clients, the only code that imports paho: publisher, subscription, requester.

The only package that knows paho. Clients speak MQTT 3.1.1, and MQTT 5 only to share a subscription.
"""

from zenata.wire.mqtt.publisher import Publisher
from zenata.wire.mqtt.requests import RequestClient
from zenata.wire.mqtt.subscription import SHARED, Message, Subscription

__all__ = ["SHARED", "Message", "Publisher", "RequestClient", "Subscription"]
