"""The log: lines for people or JSON, and nothing that a library prints."""

import json
import subprocess
import sys


def log_of(script, **settings):
    text = (
        "from bridge.health import logs\n"
        "from bridge.configuration.settings import LogSettings\n"
        "from bridge.log_lines import is_said\n"
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


def test_what_a_meter_says_cannot_look_like_a_line_of_its_own():
    said = "logger.info('main | firmware: {}', 'v1\\n2026-11-27 00:00:00 ERROR   outbox | lost\\x1b[2J\\u2028\\x85')"
    text = log_of(said)
    assert len(text.splitlines()) == 1
    assert "v1\\n2026-11-27 00:00:00 ERROR" in text
    assert "\x1b" not in text
    assert json.loads(log_of(said, json_lines=True))["record"]["message"].startswith("main | firmware: v1\\n2026")
    assert "ñ" in log_of("logger.info('año: {}', 'ñ')")


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


def test_whether_a_line_is_read_is_known_before_it_is_built():
    assert log_of("logger.info((is_said('INFO'), is_said('DEBUG')))").endswith("(True, False)\n")
    assert log_of("logger.warning((is_said('INFO'), is_said('DEBUG')))", level="WARNING").endswith("(False, False)\n")
    assert log_of("logger.info((is_said('INFO'), is_said('DEBUG')))", level="DEBUG").endswith("(True, True)\n")


def test_the_last_lines_can_be_read_back_and_no_more_than_that():
    script = (
        "recent = logs.set_up(LogSettings())\n"
        "for number in range(1500):\n"
        "    logger.info('line {}', number)\n"
        "logger.info('x' * 9000)\n"
        "lines = recent.text().splitlines()\n"
        "import sys\n"
        "sys.stdout = sys.__stdout__\n"
        "print(len(lines), lines[0].endswith('line 501'), len(lines[-1]) < 2100, file=sys.stdout)"
    )
    assert log_of(script).splitlines()[-1] == "1000 True True"
