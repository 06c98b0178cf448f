"""Every call, described once as a plan; `Client` and `AsyncClient` carry them out."""

from zenata_client.calls import city, devices, exports, frames, messages, pilots, stream, trials, webhooks, worlds

__all__ = ["city", "devices", "exports", "frames", "messages", "pilots", "stream", "trials", "webhooks", "worlds"]
