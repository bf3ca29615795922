"""The disk's room, measured."""

from bridge.health.disk_room import DiskWatch
from bridge.health.process_metrics import ProcessMetrics


def test_the_room_on_the_disk_is_measured_and_shown(tmp_path):
    metrics = ProcessMetrics()
    watch = DiskWatch(tmp_path, metrics)
    assert watch.room is None
    watch.measure()
    assert 0 < watch.room.free <= watch.room.size
    assert metrics.registry.get_sample_value("dlms_data_disk_free_bytes") == watch.room.free
    assert metrics.registry.get_sample_value("dlms_data_disk_size_bytes") == watch.room.size


def test_a_folder_that_is_not_there_is_no_error(tmp_path):
    watch = DiskWatch(tmp_path / "gone", ProcessMetrics())
    watch.measure()
    assert watch.room is None
