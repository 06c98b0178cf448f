"""The wire: topics, SenML payloads, commands, bulk transfer."""
