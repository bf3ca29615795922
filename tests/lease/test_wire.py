"""What bridge and witness say to each other is heard by who has the secret, and by nobody else."""

from __future__ import annotations

from random import Random

import pytest

from bridge.lease.wire import MOST_BYTES, Unheard, WitnessAnswer, WitnessQuestion, answer_of, packed, question_of

SECRET, ANOTHER = b"the right secret", b"another secret.."
QUESTION = WitnessQuestion("ask", 3, "node-1/abcdef", 15.0, "0123456789abcdef", "witness-1:9109", "12.000/ab")
ANSWER = WitnessAnswer("0123456789abcdef", True, "node-1/abcdef", 15.0, "granted", "27.000/cd")


def test_what_is_said_is_heard():
    assert question_of(packed(QUESTION, SECRET), SECRET) == QUESTION
    assert answer_of(packed(ANSWER, SECRET), SECRET) == ANSWER


def test_it_fits_into_one_datagram_with_the_longest_names():
    longest = WitnessQuestion(
        "release", 256, "n" * 64 + "/" + "f" * 12, 300.0, "f" * 16, "w" * 253 + ":65535", "9" * 80
    )
    assert len(packed(longest, SECRET)) <= MOST_BYTES


def test_it_is_not_heard_with_another_secret_nor_turned_round():
    with pytest.raises(Unheard):
        question_of(packed(QUESTION, SECRET), ANOTHER)
    with pytest.raises(Unheard):
        answer_of(packed(QUESTION, SECRET), SECRET)
    with pytest.raises(Unheard):
        question_of(packed(ANSWER, SECRET), SECRET)


def test_no_octet_of_it_can_be_changed():
    datagram = packed(QUESTION, SECRET)
    for position in range(len(datagram)):
        bent = bytearray(datagram)
        bent[position] ^= 1
        with pytest.raises(Unheard):
            question_of(bytes(bent), SECRET)


def test_noise_is_not_heard():
    rng = Random(1)
    for length in (0, 1, 31, 32, 33, 100, MOST_BYTES, 5000):
        with pytest.raises(Unheard):
            question_of(rng.randbytes(length), SECRET)
        with pytest.raises(Unheard):
            answer_of(rng.randbytes(length), SECRET)
