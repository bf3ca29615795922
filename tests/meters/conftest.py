"""Which event loop a test of this folder runs on, see ``loops.py``; and the plant of meters for all of them."""

from tests.meters.loops import FACTORIES
from tests.meters.plant import plant  # noqa: F401 - a fixture


def pytest_asyncio_loop_factories(config, item):
    return {name: FACTORIES[name] for name in getattr(item.module, "LOOPS", ("asyncio",))}
