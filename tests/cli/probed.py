"""What the tests of ``bridge probe`` share: the demo meter's secrets, its values and its clients."""

from bridge.demo import Client

PASSWORD = "87654321"
SECRET = "0123456789abcdef"
EXPECTED = {
    "voltage_l1": 135.19,
    "current_l1": 1.23,
    "frequency": 59.98,
    "active_power": -156,
    "active_energy": 56348,
}


def client(address, authentication="low", secret=PASSWORD, security="none", **more):
    return Client(address, authentication, secret.encode(), security, **more)


def associations(side):
    return side._associations.values()
