"""Parsers of what pilots' devices send: JSON, SenML, LoRaWAN, Cayenne LPP, InfluxDB line protocol."""
