"""Meters: from a TCP connection to samples. Knows nothing of delivery.

fleet.py             all of them               poller.py            one meter's life, over cycle_schedule.py,
link.py, stream.py   a TCP connection          meter_connection.py, presence.py, recovery.py
lockout_guard.py     no meter gets locked:     observer.py, metrics.py, state.py   how a meter is doing
  refused_secrets.py, secret_files.py          trace.py, recording.py, recent_frames.py, stopwatch.py
counter_store.py     invocation counters         watch its frames (frame_watch.py)
  on disk: counter_file.py                     commands.py          what ThingsBoard may ask of a meter
"""
