"""Refused secrets are remembered on disk, as the pollers use them: from several threads, and asked cheaply."""

from concurrent.futures import ThreadPoolExecutor

from bridge.meters.refused_secrets import FOLDER, RefusedSecrets


def test_meters_that_refuse_in_the_same_moment_are_all_remembered(tmp_path):
    refusals = RefusedSecrets(tmp_path)
    wheres = [RefusedSecrets.where("meter", 4059, server, 1) for server in range(12)]
    with ThreadPoolExecutor(12) as threads:
        list(threads.map(lambda where: refusals.refused(where, b"wrong"), wheres))
    assert all(refusals.remembers(where) for where in wheres)
    with ThreadPoolExecutor(12) as threads:
        list(threads.map(refusals.accepted, wheres[:6]))
    assert [refusals.remembers(where) for where in wheres] == [False] * 6 + [True] * 6


def test_asking_whether_a_meter_refused_anything_writes_nothing(tmp_path):
    assert not RefusedSecrets(tmp_path).remembers("meter:1 server 1 client 1")
    assert not (tmp_path / FOLDER).exists()
