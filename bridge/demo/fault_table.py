"""What the demo meter can be told to do wrong: one table, by name.

Needs nothing of gurux-dlms, so that ``--help`` can show it at no cost.
"""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    """A line of the table: what the argument is, what stands for it when none is given, and what the fault does."""

    argument: str
    default: str
    does: str


TABLE: dict[str, Fault] = {
    # On the line.
    "drop": Fault("P", "0.2", "an answer vanishes, with probability P"),
    "delay": Fault("SECONDS", "0.5", "every answer comes SECONDS late"),
    "half-frames": Fault("P", "0.2", "a frame is cut in the middle and silence follows"),
    "corrupt": Fault("P", "0.2", "a byte of a frame is flipped"),
    "missing-last-byte": Fault("P", "0.2", "an answer's last byte is not sent"),
    "echo": Fault("", "", "what was received is echoed before the answer"),
    "late": Fault("P", "0.2", "an answer is held back and comes with the next one"),
    "reset": Fault("P", "0.1", "the connection is reset in the middle of a frame"),
    "one-session": Fault("refuse|ignore", "refuse", "a second connection is closed at once, or never answered"),
    "slow": Fault("BYTES_PER_S", "1", "answers come at BYTES_PER_S"),
    "garbage": Fault("P", "0.3", "random bytes before, between and after frames"),
    "shared-flag": Fault("", "", "frames that follow each other share a flag"),
    "split": Fault("", "", "one byte per TCP segment"),
    "silent": Fault("P", "1", "accepts connections and does not answer"),
    "xon-xoff": Fault("", "", "the converter removes each 11 and 13 from the answers"),
    "telnet": Fault("", "", "the converter greets with a Telnet negotiation"),
    "talks": Fault("", "", "the converter sends a line of text before the first frame"),
    "pushes": Fault("SECONDS", "1", "a customer port: pushes a frame every SECONDS and answers nothing"),
    # In the meter.
    "refuse": Fault("OBIS", "1.1.32.7.0.255", "refuses this object (read-write-denied); may be given several times"),
    "lies-list": Fault(
        "exception|garbage|count|error|choice|refused|silent|closes|dm",
        "exception",
        "agrees to multiple references and cannot do them",
    ),
    "lies-value-list": Fault(
        "exception|garbage|count|error|choice|refused|silent|closes|dm",
        "choice",
        "the same, for lists of values alone; those of scalers are right",
    ),
    "closes-on-list": Fault("", "", "closes the connection at a GET-WITH-LIST that it agreed to"),
    "silent-object": Fault("OBIS", "1.1.14.7.0.255", "stays silent when this object is asked for"),
    "closes-on-object": Fault("OBIS", "1.1.14.7.0.255", "closes the connection when this object is asked for"),
    "unreadable-object": Fault("OBIS", "1.1.14.7.0.255", "answers this object with a value that is cut short"),
    "short-answer": Fault("OBIS", "1.1.14.7.0.255", "an answer with this object lacks its last byte but one"),
    "refuses-by": Fault(
        "exception|service-error|dm|close|silence",
        "silence",
        "a wrong secret is answered by this alone",
    ),
    "aare-zero-for-hls": Fault("", "", "the AARE says accepted (0) although the proof is still to come"),
    "no-proof": Fault("", "", "takes the client's proof and does not prove itself"),
    "release-closes": Fault("", "", "closes the connection after a release"),
    "short-address": Fault("", "", "answers from an address of one byte, however it was asked"),
    "frmr": Fault("", "", "rejects the frame of the association request"),
    "text": Fault("", "", "answers every request with text in a frame"),
    "mode-c": Fault("", "", "enters programming mode after the IEC 62056-21 sign-on instead of HDLC"),
    "counter": Fault("same|low|jump", "same", "its invocation counter stays, falls or jumps"),
    "clock-jump": Fault("SECONDS", "3600", "its clock jumps by SECONDS ten seconds after it was first asked anything"),
    "tiny-blocks": Fault("BYTES", "16", "long answers come in blocks of BYTES"),
    "notify": Fault("P", "0.3", "unsolicited DataNotification and EventNotification before and within answers"),
    "forgets": Fault("P", "0.1", "drops the association by itself: DM, or service-not-allowed behind the wrapper"),
    "exception": Fault("P", "0.1", "answers a read with an exception-response or a confirmed-service-error"),
    "nonsense": Fault("P", "0.2", "a register's value is null-data, NaN or of a type that it must not have"),
    # In its load profile and event log.
    "power-cuts": Fault("DAYS", "5", "every so many days the power was off from 01:20 to 08:20 UTC"),
    "clock-set-back": Fault("SECONDS", "1800", "every ten days its clock was set back, and five days later forward"),
    "local-time": Fault(
        "deviation|clock-status|profile-status|silent",
        "deviation",
        "Central European time; how daylight saving is told",
    ),
    "inverted-deviation": Fault("", "", "the sign of its deviations is wrong (with local-time)"),
    "profile-range": Fault(
        "refused|empty|with-deviation|without-deviation|ignores-deviation|whole-hours|whole-days|excludes-start|"
        "excludes-end|short",
        "refused",
        "how it takes a range: not at all, never any row, only with these ends, without the first or last row, "
        "rounded to whole days, or only up to four hours",
    ),
    "profile-entries": Fault("refused|last-column|few", "refused", "no entries, only up to a named column, or 30"),
    "profile-order": Fault("newest-first|unsorted|wrapped", "newest-first", "the order of the rows in the buffer"),
    "profile-null-data": Fault("answer|stored", "answer", "null-data for what follows from the row before"),
    "profile-clock": Fault("last|unix", "unix", "the clock is the last column; and a Data object with Unix time"),
    "profile-rows": Fault("ROWS", "20", "no answer to a range has more rows"),
    "profile-days": Fault("DAYS", "60", "so far its load profile reaches back"),
    "profile-changes": Fault(
        "SECONDS", "10", "other columns, a third of the period, an empty buffer SECONDS after it was first asked"
    ),
}
