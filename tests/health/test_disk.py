"""The disk's watch: a write that fails begins a failure, a commit ends it."""

import pytest

from bridge.health.disk import DiskWatch
from bridge.health.metrics import Metrics


class Clock:
    now_s = 100.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def metrics():
    return Metrics()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def watch(tmp_path, metrics, clock):
    return DiskWatch(tmp_path, metrics, clock_s=clock)


def test_a_disk_that_works_is_not_failing(watch, metrics):
    metrics.outbox_commits.inc()
    watch.look()
    assert watch.failing_for_s is None


def test_it_fails_since_the_first_write_that_failed_until_a_commit(watch, metrics, clock):
    metrics.outbox_errors.inc()
    watch.look()
    for _ in range(30):
        clock.now_s += 1
        metrics.outbox_errors.inc()
        watch.look()
    assert watch.failing_for_s == 30
    metrics.outbox_commits.inc()
    watch.look()
    assert watch.failing_for_s is None


def test_silence_ends_no_failure(watch, metrics, clock):
    metrics.outbox_errors.inc()
    watch.look()
    clock.now_s += 90
    watch.look()
    assert watch.failing_for_s == 90


def test_the_room_on_the_disk_is_measured(watch, metrics):
    watch.measure()
    free = metrics.registry.get_sample_value("dlms_data_disk_free_bytes")
    assert 0 < free <= metrics.registry.get_sample_value("dlms_data_disk_size_bytes")


def test_a_folder_that_is_not_there_is_no_error(tmp_path, metrics):
    DiskWatch(tmp_path / "gone", metrics).measure()
    assert metrics.registry.get_sample_value("dlms_data_disk_size_bytes") == 0
