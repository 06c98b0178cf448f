"""Readings as they become durable: Server-Sent Events and WebSocket."""
