#!/usr/bin/env python
"""Print the OpenAPI document, without a running city: for the types of the dashboard."""

import sys
from typing import cast

import msgspec

from api.http.app import create_app
from api.http.context import Context

sys.stdout.buffer.write(msgspec.json.encode(create_app(cast("Context", None)).openapi()))  # routes alone make it
