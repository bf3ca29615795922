"""What may happen in a run, each by its name in the plan. A fault that lasts ends by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.delivery.simulation.plan import Fault
    from tests.delivery.simulation.world import World


def begin(world: World, fault: Fault) -> None:
    """Let it happen."""
    world.disturbed(fault.kind)
    _KINDS[fault.kind](world, fault)


def _lasting(world: World, fault: Fault, end: Callable[[], None]) -> None:
    def over() -> None:
        world.disturbed(f"{fault.kind} is over")
        end()

    world.faults_going += 1
    world.loop.call_later(max(0.1, fault.for_s), _ended, world, over)


def _ended(world: World, over: Callable[[], None]) -> None:
    world.faults_going -= 1
    over()


def _line_cut(world: World, fault: Fault) -> None:
    if world.server.current is not None:
        world.server.current.sever()


def _line_dark(world: World, fault: Fault) -> None:
    world.line.dark_until_s = max(world.line.dark_until_s, world.loop.time() + fault.for_s)
    _lasting(world, fault, lambda: None)


def _line_slow(world: World, fault: Fault) -> None:
    before = world.line.up_bytes_s, world.line.down_bytes_s, world.line.delay_s
    bytes_s = 150.0 + fault.size * 5000
    world.line.up_bytes_s = min(before[0], bytes_s)
    world.line.down_bytes_s = min(before[1], bytes_s)
    world.line.delay_s = before[2] + fault.size

    def over() -> None:
        world.line.up_bytes_s, world.line.down_bytes_s, world.line.delay_s = world.line_as_planned()

    _lasting(world, fault, over)


def _thingsboard_gone(world: World, fault: Fault) -> None:
    if not world.server.runs:
        return
    world.server.go()
    world.book.server_lost_its_memory()

    def over() -> None:
        if not world.server.runs:
            world.server.come()

    _lasting(world, fault, over)


def _kill_at_mark(world: World, fault: Fault) -> None:
    def at_mark() -> None:
        world.disturbed(fault.kind)
        _thingsboard_gone(world, fault)

    world.server.at_mark = at_mark


def _database_away(world: World, fault: Fault) -> None:
    if world.database_away:
        return
    world.database_away = True
    world.server.pump()
    world.server.model.database(up=False, now_s=world.loop.time())

    def over() -> None:
        world.database_away = False
        world.server.pump()
        world.server.model.database(up=True, now_s=world.loop.time())
        world.server.pump()

    _lasting(world, fault, over)


def _deaf(world: World, fault: Fault) -> None:
    world.server.deaf_to += 1 + int(fault.size * 2)
    world.server.deaf_drops = fault.size < 0.5


def _late(world: World, fault: Fault) -> None:
    world.server.late_until_s = world.loop.time() + fault.for_s
    world.server.late_s = fault.size * 15
    _lasting(world, fault, lambda: None)


def _limits_change(world: World, fault: Fault) -> None:
    world.change_limits(fault.size)


def _mosquitto_kill(world: World, fault: Fault) -> None:
    if not world.mosquitto.runs:
        return
    world.mosquitto.kill()

    def over() -> None:
        if not world.mosquitto.runs:
            world.mosquitto.start()

    _lasting(world, fault, over)


def _bridge(world: World, fault: Fault, *, how: str) -> None:
    if world.life is None:
        return
    if how == "power cut":
        _mosquitto_kill(world, fault)
    world.end_life(power_cut=how == "power cut", orderly=how == "restart")
    if how == "rename":
        world.rename_a_meter(fault.size)

    def over() -> None:
        if world.life is None:
            if world.is_leaving:
                world.loop.call_later(0.5, over)
            else:
                world.begin_life()

    _lasting(world, fault, over)


def _disk_full(world: World, fault: Fault) -> None:
    world.disk_full = True
    if world.life is not None:
        world.life.disk.is_full = True

    def over() -> None:
        world.disk_full = False
        if world.life is not None:
            world.life.disk.is_full = False

    _lasting(world, fault, over)


def _clock_step(world: World, fault: Fault) -> None:
    world.wall_offset_s += (fault.size - 0.5) * 7200


def _device_deleted(world: World, fault: Fault) -> None:
    names = [name for name in world.model.devices if name != world.model.behaviour.gateway_name]
    if names and not world.plan.as_device:
        name = names[int(fault.size * len(names)) % len(names)]
        world.server.pump()
        world.model.delete_device(name, world.loop.time())
        world.book.was_deleted(name)
        world.server.pump()


def _not_gateway(world: World, fault: Fault) -> None:
    if world.plan.as_device:
        return
    world.model.behaviour.is_gateway = False
    world.server.close_sessions()

    def over() -> None:
        world.model.behaviour.is_gateway = True

    _lasting(world, fault, over)


_KINDS: dict[str, Callable[[World, Fault], None]] = {
    "line_cut": _line_cut,
    "line_dark": _line_dark,
    "line_slow": _line_slow,
    "thingsboard_kill": _thingsboard_gone,
    "kill_at_mark": _kill_at_mark,
    "thingsboard_closes": lambda world, fault: world.server.close_sessions(),
    "database_away": _database_away,
    "takeover": lambda world, fault: world.server.rival(1 + fault.size * 10),
    "deaf": _deaf,
    "late": _late,
    "limits_change": _limits_change,
    "mosquitto_kill": _mosquitto_kill,
    "bridge_kill": lambda world, fault: _bridge(world, fault, how="kill"),
    "bridge_restart": lambda world, fault: _bridge(world, fault, how="restart"),
    "power_cut": lambda world, fault: _bridge(world, fault, how="power cut"),
    "renamed_meter": lambda world, fault: _bridge(world, fault, how="rename"),
    "disk_full": _disk_full,
    "clock_step": _clock_step,
    "device_deleted": _device_deleted,
    "not_gateway": _not_gateway,
}
