"""What to type: with Docker in the stack, without it elsewhere, of the own shard; never what is not there."""

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


ON_SWARM = {STACK: "swarm:dlms-bridge_bridge-2", "HOSTNAME": "3f2a9c1d77e0", "SHARD__COUNT": "4"}
DEPLOY = "bridge stack --shards 4 && docker stack deploy --resolve-image never -c stack.yml dlms-bridge"


@pytest.mark.parametrize(
    ("said", "of_a_shard", "on_swarm"),
    [
        (
            "docker compose exec bridge bridge audit now",
            "docker compose exec bridge-2 bridge audit now",
            "docker exec -it 3f2a9c1d77e0 bridge audit now",
        ),
        (
            "docker compose exec -T bridge bridge doctor --bundle - > f",
            "docker compose exec -T bridge-2 bridge doctor --bundle - > f",
            "docker exec 3f2a9c1d77e0 bridge doctor --bundle - > f",
        ),
        (
            "docker compose run --rm bridge check",
            "docker compose run --rm bridge-2 check",
            "docker exec -it 3f2a9c1d77e0 bridge check",
        ),
        ("then docker compose up -d; or", "then docker compose up -d; or", f"then {DEPLOY}; or"),
        (
            "docker compose restart bridge",
            "docker compose restart bridge-2",
            "docker service update --force dlms-bridge_bridge-2",
        ),
        ("(a file: docker compose restart)", "(a file: docker compose restart)", "(a file: the same)"),
        ("docker compose stop bridge", "docker compose stop bridge-2", "docker service scale dlms-bridge_bridge-2=0"),
        (
            "docker compose logs bridge mosquitto",
            "docker compose logs bridge-2 mosquitto-2",
            "docker service logs dlms-bridge_bridge-2, docker service logs dlms-bridge_mosquitto-2",
        ),
        ("docker compose ps mosquitto", "docker compose ps mosquitto-2", "docker service ps dlms-bridge_mosquitto-2"),
        ("docker compose ps must list", "docker compose ps must list", "docker stack ps dlms-bridge must list"),
    ],
)  # fmt: skip
def test_a_sentence_of_a_shard(said, of_a_shard, on_swarm):
    assert typed_here(said, {STACK: "bridge-2"}, "en") == of_a_shard
    assert typed_here(said, ON_SWARM, "en") == on_swarm


@pytest.mark.parametrize("language", ["en", "es"])
def test_on_swarm_nothing_asks_for_compose(language):
    """But for ``bridge stack``, which says what to do with the file for one machine."""
    say = {key: typed_here(both[language == "es"], ON_SWARM, language) for key, both in SENTENCES.items()}
    assert {key for key, said in say.items() if "docker compose" in said} == {"stack.next.compose"}


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
