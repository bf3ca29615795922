"""Which event loop a test of this folder runs on, see ``loops.py``; the plant of meters and the peer for all tests."""

from tests.meters.link_peer import opened, peer  # noqa: F401 - fixtures
from tests.meters.loops import FACTORIES
from tests.meters.plant import plant  # noqa: F401 - a fixture
from tests.meters.waiting_meters import place  # noqa: F401 - a fixture


def pytest_asyncio_loop_factories(config, item):
    return {name: FACTORIES[name] for name in getattr(item.module, "LOOPS", ("asyncio",))}
