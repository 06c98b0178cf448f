from importlib import import_module
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def pvlib() -> ModuleType:
    """Import it only where it is asked for: it takes most of a second, and every worker reads every file."""
    return import_module("pvlib")
