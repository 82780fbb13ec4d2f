"""Grantwire: access-request events from Amazon EventBridge to any HTTPS endpoint."""

__version__ = "0.1.0"
