"""Secrets in the environment are named, without their values; what is no secret, or empty, is not."""

from bridge.configuration.exposed import exposed


def test_every_secret_in_the_environment_is_named_and_nothing_else():
    given = {
        "METERS__MAIN__PASSWORD": "x", "METERS__MAIN__HOST": "a", "meters__hall__encryption_key": "00" * 16,
        "THINGSBOARD__TOKEN": "t", "THINGSBOARD__PROVISION_SECRET": "", "THINGSBOARD__TOKNE": "t", "PATH": "/bin",
    }  # fmt: skip
    assert exposed(given) == ["METERS__MAIN__PASSWORD", "THINGSBOARD__TOKEN", "meters__hall__encryption_key"]
