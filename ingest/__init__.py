"""The ingest service: MQTT in, durable time series out."""
