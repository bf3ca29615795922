"""dlms-bridge: meters in, ThingsBoard out, nothing lost."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("dlms-bridge")
except PackageNotFoundError:  # run from a checkout that was never installed
    __version__ = "0+unknown"
