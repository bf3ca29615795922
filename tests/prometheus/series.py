"""Series as promtool takes them: a bridge that is well, and what some troubles change of that."""

# One sample every 15 s for an hour; promtool's clock begins at zero, so `0+15x240` is "now" at every point.
UP = 'up{job="bridge"}'
ITSELF_UP = 'up{job="prometheus"}'
HEAD_MAX = 'prometheus_tsdb_head_max_time_seconds{job="prometheus"}'
RULES_FAILED = 'prometheus_rule_evaluation_failures_total{job="prometheus", rule_group="bridge.yml;meters"}'
NOT_SENT = 'prometheus_notifications_dropped_total{job="prometheus"}'
OUT_OF_ORDER, OUT_OF_BOUNDS, TWICE = (
    f'prometheus_target_scrapes_sample_{why}_total{{job="prometheus"}}'
    for why in ("out_of_order", "out_of_bounds", "duplicate_timestamp")
)
STORED = 'dlms_bridge_wrong{what="stored"}'
TIME = 'dlms_bridge_wrong{what="time"}'
STARTED = 'process_start_time_seconds{job="bridge"}'
ANSWERING = "dlms_shard_witnesses_answering"
HELD = "dlms_shard_held"
SHARD = 'dlms_shard_info{shard="1", shards="1"}'
LAG = "dlms_bridge_event_loop_lag_seconds"
MAIN_UP = 'dlms_meter_up{meter="main"}'
MAIN_FAILED = 'dlms_meter_cycles_total{meter="main", result="failed"}'
MAIN_READ_AT = 'dlms_meter_last_success_timestamp_seconds{meter="main"}'
MAIN_AUTH = 'dlms_meter_errors_total{meter="main", stage="auth"}'
MAIN_RECONNECTS = 'dlms_meter_reconnects_total{meter="main", reason="tcp"}'
MAIN_INFO = 'dlms_meter_info{meter="main", link="A"}'
MAIN_COUNTER = 'dlms_meter_invocation_counter_remaining_ratio{meter="main"}'
MAIN_DRIFT = 'dlms_meter_clock_drift_seconds{meter="main"}'
MAIN_MISSING = 'dlms_intervals_missing{meter="main"}'
MAIN_OVERWRITTEN = 'dlms_intervals_first_overwritten_timestamp_seconds{meter="main"}'
CELLAR_READ_AT = 'dlms_meter_last_success_timestamp_seconds{meter="cellar"}'
CELLAR_UP = 'dlms_meter_up{meter="cellar"}'
CELLAR_FAILED = 'dlms_meter_cycles_total{meter="cellar", result="failed"}'
ALL_WELL = {
    UP: "1x240",
    ITSELF_UP: "1x240",
    HEAD_MAX: "0+15x240",
    RULES_FAILED: "0x240",
    NOT_SENT: "0x240",
    OUT_OF_ORDER: "0x240",
    OUT_OF_BOUNDS: "0x240",
    TWICE: "0x240",
    STORED: "0x240",
    TIME: "0x240",
    "dlms_delivery_devices_parked": "0x240",
    STARTED: "1x240",
    LAG: "0x240",
    HELD: "1x240",
    SHARD: "1x240",
    "dlms_shard_witnesses": "3x240",
    ANSWERING: "3x240",
    MAIN_UP: "1x240",
    MAIN_FAILED: "0x240",
    MAIN_READ_AT: "0+15x240",
    'dlms_meter_interval_seconds{meter="main"}': "5x240",
    CELLAR_UP: "1x240",
    CELLAR_FAILED: "0x240",
    MAIN_INFO: "1x240",
    MAIN_MISSING: "0x240",
    'dlms_meter_info{meter="cellar", link="B"}': "1x240",
    'dlms_meter_interval_seconds{meter="cellar"}': "5x240",
    CELLAR_READ_AT: "0+15x240",
    "dlms_data_disk_free_bytes": "500x240",
    "dlms_data_disk_size_bytes": "1000x240",
    "dlms_outbox_samples": "3x240",
    "dlms_outbox_oldest_timestamp_seconds": "0+15x240",
    "dlms_outbox_bytes": "100x240",
    "dlms_outbox_limit_bytes": "1000x240",
    "dlms_outbox_errors_total": "0x240",
    "dlms_outbox_read_errors_total": "0x240",
    "dlms_outbox_evicted_samples_total": "0x240",
    "dlms_outbox_dropped_samples_total": "0x240",
    "dlms_outbox_quarantined_samples_total": "0x240",
    "dlms_broker_connected": "1x240",
    "dlms_upstream_configured": "1x240",
    "dlms_upstream_connected": "1x240",
}

MAIN_FAILS = {MAIN_UP: "1x80 0x160", MAIN_FAILED: "0x80 1+1x160", MAIN_READ_AT: "0+15x80 1200x160"}
CELLAR_FAILS = {CELLAR_UP: "1x80 0x160", CELLAR_FAILED: "0x80 1+1x160", CELLAR_READ_AT: "0+15x80 1200x160"}
HALL_READS = {
    'dlms_meter_up{meter="hall"}': "1x240",
    'dlms_meter_info{meter="hall", link="C"}': "1x240",
    'dlms_meter_cycles_total{meter="hall", result="failed"}': "0x240",
    'dlms_meter_interval_seconds{meter="hall"}': "5x240",
    'dlms_meter_last_success_timestamp_seconds{meter="hall"}': "0+15x240",
}
PUSHER_UP = 'dlms_meter_up{job="bridge", meter="pusher"}'
PUSHER_HEARD_AT = 'dlms_meter_last_success_timestamp_seconds{job="bridge", meter="pusher"}'
PUSHER = {  # as health/heard_meters.py has one that was not heard yet
    PUSHER_UP: "0x240",
    'dlms_meter_info{job="bridge", meter="pusher", link="push"}': "1x240",
    'dlms_meter_cycles_total{job="bridge", meter="pusher", result="failed"}': "0x240",
    'dlms_meter_interval_seconds{job="bridge", meter="pusher"}': "60x240",
}
EVERY_MINUTE = " ".join(str(60 * (n // 4)) for n in range(240))
BRIDGE_GONE = {series: f"{values.split('x')[0]}x80 stale" for series, values in ALL_WELL.items()} | {
    UP: "1x80 0x160",
    ITSELF_UP: "1x240",
    HEAD_MAX: "0+15x240",
}
BACKLOG = {"dlms_outbox_samples": "3x40 3+15x200", "dlms_outbox_oldest_timestamp_seconds": "0+15x40 600x200"}

BEHIND_ONE = {
    'dlms_meter_info{meter="cellar", link="B"}': "_x240",
    'dlms_meter_info{meter="cellar", link="A"}': "1x240",
}
