"""The log: lines for people or JSON, and nothing that a library prints."""

import json
import subprocess
import sys


def log_of(script, **settings):
    text = (
        "from bridge.health import logs\n"
        "from bridge.settings import LogSettings\n"
        "from loguru import logger\n"
        f"logs.set_up(LogSettings(**{settings!r}))\n" + script
    )
    ended = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=60, check=True)
    assert ended.stderr == ""
    return ended.stdout


def test_a_line_reads_well_and_carries_its_time_and_level():
    assert log_of("logger.info('main | V: 127.4 V')").endswith("INFO    main | V: 127.4 V\n")


def test_json_is_one_setting_with_meter_and_stage_as_fields():
    line = log_of("logger.bind(meter='main', stage='tcp').warning('refused')", json_lines=True)
    record = json.loads(line)["record"]
    assert (record["message"], record["extra"]) == ("refused", {"meter": "main", "stage": "tcp"})


def test_what_a_library_prints_reaches_no_log():
    assert log_of("print('Private key: 00112233')") == ""


def test_what_a_library_logs_does():
    assert "WARNING slow callback" in log_of(
        "import logging\nlogging.getLogger('asyncio').warning('slow %s', 'callback')"
    )


def test_a_traceback_shows_no_variable():
    script = (
        "def associate(password):\n"
        "    raise ValueError('bad answer')\n"
        "try:\n"
        "    associate('hunter2')\n"
        "except ValueError:\n"
        "    logger.exception('unforeseen')\n"
    )
    text = log_of(script)
    assert "bad answer" in text
    assert "hunter2" not in text.replace("associate('hunter2')", "")
