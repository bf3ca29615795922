"""The meters of the soak run and the diary of each."""

import json
import subprocess
import sys
from array import array
from dataclasses import dataclass, field

from tests.meters.plant import HEALTHY
from tests.meters.sick_meters import Spec

BEHIND = 4  # meters behind a converter that several share


@dataclass
class Diary:
    """What one meter gave."""

    kind: str  # well · bus (well, behind a converter with a sick one) · sick
    voltage: float
    at_s: array = field(default_factory=lambda: array("d"))  # small: what grows here is not the bridge's
    whole: int = 0  # samples with every value, none in doubt
    wrong: list = field(default_factory=list)
    last: tuple = ()

    def note(self, sample, now_s):
        values = sample.values
        right = HEALTHY | {"voltage_l1": self.voltage}
        self.wrong += [value for value in values if not value.quality and value.value != right[value.key]]
        self.whole += len(values) == len(right) and not any(value.quality for value in values)
        self.at_s.append(now_s)
        self.last = values


def specs(count, rng):
    """Half of the meters always well, half sick; a tenth of all behind converters of four of which one is sick."""
    made, number, buses = [], 0, max(count // 40, 1)
    for _ in range(buses):
        made.append(Spec(number, BEHIND, rng.choice(("hdlc", "wrapper")), sick=(rng.randrange(BEHIND),)))
        number += BEHIND
    while number < count:
        framing = ("hdlc", "wrapper", "hdlc", "wrapper", "hdlc-mode-e")[number % 5]
        sick = (0,) if number % 2 else ()
        made.append(Spec(number, 1, framing, ciphered=number % 8 in (2, 5), sick=sick))
        number += 1
    return made


class Meters:
    """The processes with the meters."""

    def __init__(self, made, processes, seed):
        self.parts = [made[n::processes] for n in range(processes)]
        self._processes = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.meters.sick_meters", json.dumps({"meters": plain, "seed": seed + n})],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for n, plain in enumerate([spec.plain() for spec in part] for part in self.parts)
        ]
        self.ports = [json.loads(process.stdout.readline()) for process in self._processes]

    def tell(self, line):
        """Tell all of them, and return how often each fault has struck so far."""
        for process in self._processes:
            process.stdin.write(line + "\n")
            process.stdin.flush()
        struck = {}
        for process in self._processes:
            for name, count in json.loads(process.stdout.readline()).items():
                struck[name] = struck.get(name, 0) + count
        return struck

    def close(self):
        for process in self._processes:
            process.stdin.close()
            process.wait(10)
            process.stdout.close()
