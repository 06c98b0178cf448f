"""The ingest service: decodes MQTT messages and stores them before it acknowledges."""
