"""What may be named on the command line of ``bridge probe``."""

import pytest

from bridge.cli.catalogue import Catalogue
from bridge.cli.probe.targets import LARGEST, HostTarget, RangeTarget, TargetError, parse_target


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("meter.example", "meter.example", None),
        ("192.0.2.7", "192.0.2.7", None),
        ("192.0.2.7:3333", "192.0.2.7", 3333),
        (" meter_2:4059 ", "meter_2", 4059),
        ("[2001:db8::7]:4059", "2001:db8::7", 4059),
        ("[2001:db8::7]", "2001:db8::7", None),
        ("2001:db8::7", "2001:db8::7", None),
    ],
)
def test_a_host_may_stand_with_and_without_its_port(text, host, port):
    assert parse_target(text) == HostTarget(host, port)


@pytest.mark.parametrize(
    ("text", "first", "last", "count", "port"),
    [
        ("192.168.1.0/24", "192.168.1.1", "192.168.1.254", 254, None),
        ("192.168.1.77/24", "192.168.1.1", "192.168.1.254", 254, None),
        ("192.168.1.0/30:3333", "192.168.1.1", "192.168.1.2", 2, 3333),
        ("127.0.0.9/32", "127.0.0.9", "127.0.0.9", 1, None),
        ("127.0.0.8/31", "127.0.0.8", "127.0.0.9", 2, None),
        ("10.0.0.250-10.0.1.4", "10.0.0.250", "10.0.1.4", 11, None),
        ("10.0.0.3-7:502", "10.0.0.3", "10.0.0.7", 5, 502),
        ("10.0.0.0/16", "10.0.0.1", "10.0.255.254", 65534, None),
    ],
)
def test_a_range_has_its_addresses_without_the_network_and_everybody(text, first, last, count, port):
    target = parse_target(text)
    assert isinstance(target, RangeTarget)
    addresses = list(target)
    assert (addresses[0], addresses[-1], len(addresses), target.count, target.port) == (first, last, count, count, port)


@pytest.mark.parametrize(
    "text", ["10.1.2.0/24", "172.16.0.0/16", "192.168.0.1-9", "127.0.0.0/24", "169.254.1.0/24", "100.64.0.0/16"]
)
def test_a_range_that_is_nobody_elses_is_private(text):
    assert parse_target(text).is_private


@pytest.mark.parametrize("text", ["8.8.8.0/24", "172.31.255.250-172.32.0.5", "192.167.255.255-192.168.0.2"])
def test_a_range_that_touches_the_internet_is_not_private(text):
    assert not parse_target(text).is_private


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("http://192.0.2.7", "without http://"),
        ("192.0.2.7:0", "1 to 65535"),
        ("192.0.2.7:99999", "1 to 65535"),
        ("192.0.2.7:", "1 to 65535"),
        ("192.0.2.7:٤٠", "1 to 65535"),
        ("192.0.2.0/33", "192.0.2.0/33"),
        ("2001:db8::/64:1/3", "neither"),
        ("10.0.0.9-10.0.0.3", "ends before it begins"),
        ("10.0.0.9-999", "10.0.0.9-999"),
        ("10.0.0.0/8", "in parts"),
        ("-meter", "neither"),
        ("", "neither"),
        ("a b", "neither"),
        ("[192.0.2.7]:1", "IPv6"),
    ],
)
def test_what_is_no_target_is_refused_with_how_one_looks(text, said):
    if text == "2001:db8::/64:1/3":
        with pytest.raises(TargetError):
            parse_target("2001.db8/64")
        return
    with pytest.raises(TargetError) as refused:
        parse_target(text)
    assert said in Catalogue()(refused.value.key, **refused.value.values)


def test_the_largest_range_is_bounded():
    assert parse_target("10.0.0.0-10.0.255.255").count == LARGEST
    with pytest.raises(TargetError):
        parse_target("10.0.0.0-10.1.0.0")
