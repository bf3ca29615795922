"""What to type: with Docker in the stack, without it elsewhere; never a Docker command where there is no stack."""

import pytest

from bridge.cli.catalogue import Catalogue
from bridge.cli.typed_here import STACK, typed_here
from tests.cli.test_catalogue import SENTENCES


@pytest.mark.parametrize(
    ("said", "here"),
    [
        ("docker compose exec bridge bridge status --watch", "bridge status --watch"),
        ("docker compose exec -T bridge bridge doctor --bundle - > f", "bridge doctor --bundle - > f"),
        ("docker compose run --rm bridge check shows all", "bridge check shows all"),
        ("correct .env, then docker compose up -d;", "correct .env, then bridge run;"),
        ("see docker compose logs bridge: was", "see the bridge's log: was"),
        ("docker compose restart bridge", "start the bridge again"),
        ("(a file of ./secrets: docker compose restart)", "(a file of ./secrets: start the bridge again)"),
        ("docker compose restart mosquitto", "docker compose restart mosquitto"),
        ("docker compose stop bridge", "stop the bridge"),
    ],
)
def test_a_sentence_without_the_stack(said, here):
    assert typed_here(said, {}, "en") == here


def test_under_uv_it_is_what_one_types_with_uv():
    assert typed_here("docker compose exec bridge bridge status", {"UV": "/bin/uv"}, "en") == "uv run bridge status"


def test_in_the_stack_and_without_an_environment_nothing_is_changed():
    key = "doctor.bridge.start"
    assert "docker compose up -d" in Catalogue.of({STACK: "1"})(key)
    assert "docker compose up -d" in Catalogue("en")(key)
    assert "docker" not in Catalogue.of({})(key)
    assert "docker" not in Catalogue.of({"LANG": "es"})(key)


def test_what_is_left_of_docker_is_what_only_the_stack_has():
    left = {
        key for key, both in SENTENCES.items() for said, language in zip(both, ("en", "es"), strict=True)
        if "docker compose" in typed_here(said, {}, language)
    }  # fmt: skip
    assert {key for key in left if "broker" not in key} <= {
        "doctor.host.fix", "doctor.bridge.says.fix", "help.after", "stack.next.compose"
    }  # fmt: skip
