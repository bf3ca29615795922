"""Does the model repeat a recording? ``python -m tests.thingsboard.verdicts`` prints the share of all.

Rules: a recording is repeated when what was observed, in its order, and what was stored are the same, whatever the
seed. Only what stands in one of the three tables here may come out otherwise:

* :data:`RACES`: which of several things happens is decided inside ThingsBoard. The model draws; one of its seeds must
  give the recording, exactly.
* :data:`LOOSE`: so many things race that no seed would give the very order. What is compared instead stands there.
* :data:`LEFT_OUT`: not compared, with the reason.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.thingsboard.replay import Outcome, Seen, play, recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FILES = ("3.6.4", "3.9.1", "4.3.1.3", "4.3.1.3-again")
SEEDS, RACE_SEEDS = 5, 500
_RECORDED = Path(__file__).parent / "recorded"

RACES = {
    "a fence right behind telemetry": "the fence is acknowledged by the transport, telemetry by the queue",
    "a mark asked for at once": "the answer is read while the mark is on its way to the database",
    "a mark written and read back": "the next mark may be stored before the answer to the last one is read",
    "payload: good device, then bad one": "up to 4.2 the good one's PUBACK and the bad one's close are two paths",
    "too many devices": "a refusal known before the next message of that name is worked on closes the session",
}
"""By the beginning of the scenario's name: what races."""


def _answers_apart(outcome: Outcome) -> Any:
    """Acknowledgements and closes in their order; which requests were answered, unless a close came between.

    Each answer must be to a request that was made, and once; a mark must be one that was written.
    """
    rest = [seen for seen in outcome.observed if seen[0] != "message"]
    asked = sum(seen[0] == "puback" for seen in rest)
    answers = sorted(_number(topic, content) for _, topic, content in _answers(outcome))
    assert len(set(answers)) == len(answers)
    assert all(number <= asked for number in answers)
    assert all(content.get("client", {}).get("mark", 1) in range(1, 26) for _, _, content in _answers(outcome))
    return rest, answers if rest[-1] == ("end", "open") else None, outcome.stored


def _answers(outcome: Outcome) -> list[Seen]:
    """The answers to attribute requests."""
    return [seen for seen in outcome.observed if seen[0] == "message" and "attributes" in seen[1]]


def _number(topic: str, content: dict[str, Any]) -> int:
    number: int = content["id"] if "id" in content else int(topic.rpartition("/")[2])
    return number


def _any_order(outcome: Outcome) -> Any:
    """The same acknowledgements in any order."""
    return sorted(map(repr, outcome.observed)), outcome.stored


def _not_which_was_told(outcome: Outcome) -> Any:
    """All but ``v1/gateway/disconnect``; that may name some of the devices that did not fit."""
    told = [seen for seen in outcome.observed if seen[:2] == ("message", "v1/gateway/disconnect")]
    assert all(message["device"] >= "D010" and message["reason"] == 150 for _, _, message in told)
    return [seen for seen in outcome.observed if seen not in told], outcome.stored


LOOSE: dict[str, Callable[[Outcome], Any]] = {
    ": marks": _answers_apart,
    ": attribute requests": _answers_apart,
    "120 messages at once": _any_order,
    "250 messages at once": _any_order,
    "10 devices in one, 30 in one": _not_which_was_told,
    "attributes of 10 devices, of 30": _not_which_was_told,
}
"""By a part of the scenario's name: what is compared."""

LEFT_OUT = {
    ("4.3.1.3", "250 messages at once to devices not open"): "ended while ThingsBoard was still making devices: 149"
    " and 199 of 250, a matter of its speed that day",
}


@cache
def scenarios(file: str) -> list[dict[str, Any]]:
    """All of a file."""
    found: list[dict[str, Any]] = json.loads((_RECORDED / f"{file}.json").read_text(encoding="utf-8"))["scenarios"]
    return found


@cache
def verdict(file: str, number: int) -> str:
    """``always``, ``race``, ``loose`` or ``left out`` for a recording that is repeated; else what is otherwise."""
    scenario, version = scenarios(file)[number], file.removesuffix("-again")
    if (version, scenario["name"]) in LEFT_OUT:
        return "left out"
    return judge(scenario, version)


def judge(scenario: dict[str, Any], version: str, **traits: Any) -> str:
    """The same of any scenario, and of a version that is not itself."""
    name, want = scenario["name"], recorded(scenario)
    loosely = next((loosely for part, loosely in LOOSE.items() if part in name), None)
    if loosely is None and not name.startswith(tuple(RACES)):
        for seed in range(SEEDS):
            got = play(scenario, version, random.Random(seed), **traits)
            if got != want:
                return f"{name} ({scenario['mqtt']}), seed {seed}: {_difference(want, got)}"
        return "always"
    seen = loosely or (lambda outcome: outcome)
    for seed in range(RACE_SEEDS):
        got = play(scenario, version, random.Random(seed), **traits)
        if seen(got) == seen(want):
            return "loose" if loosely else "race"
        if traits and seed > SEEDS * 4:
            break
    return f"{name} ({scenario['mqtt']}), no seed: {_difference(want, got)}"


def _difference(want: Outcome, got: Outcome) -> str:
    if want.observed != got.observed:
        return f"the real one\n    {want.observed}\nthe model\n    {got.observed}"
    return f"the real one stored\n    {want.stored}\nthe model\n    {got.stored}"


def _verdicts() -> Iterator[tuple[str, str]]:
    for file in FILES:
        for number in range(len(scenarios(file))):
            yield file, verdict(file, number)


def main() -> None:
    """Print the share repeated, and each recording that is not."""
    kinds = ("always", "race", "loose", "left out")
    counts: Counter[str] = Counter()
    for _, found in _verdicts():
        counts[found if found in kinds else "not repeated"] += 1
        if found not in kinds:
            print(found)
    for kind in (*kinds, "not repeated"):
        print(f"{kind:14}{counts[kind]:5}")
    total = sum(counts.values())
    print(f"repeated {total - counts['left out'] - counts['not repeated']} of {total} recordings")


if __name__ == "__main__":
    main()
