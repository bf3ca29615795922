"""Which event loop a test of this folder runs on, see ``tests/meters/loops.py``; the exchange for all tests."""

from tests.listen.exchange import exchange  # noqa: F401 - a fixture
from tests.meters.loops import FACTORIES


def pytest_asyncio_loop_factories(config, item):
    return {name: FACTORIES[name] for name in getattr(item.module, "LOOPS", ("uvloop",))}
