"""What goes over the wire: topics, payloads, the MQTT client."""
