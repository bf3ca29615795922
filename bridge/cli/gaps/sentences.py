"""What ``bridge gaps`` says, and what it shares with the other commands on the ledger. English, Spanish."""

from __future__ import annotations

from typing import Final

SENTENCES: Final = {
    "gaps.help": (
        "show which intervals of the meters' load profiles are missing, why, and until when they can be had",
        "mostrar qué intervalos de los perfiles de carga faltan, por qué y hasta cuándo se pueden obtener",
    ),
    "gaps.help.about": (
        "Shows how much of each meter's load profiles is stored, and each gap. Reads the ledger on the data volume, whether the bridge runs or not. All times are UTC.",
        "Muestra cuánto de los perfiles de carga de cada medidor está guardado, y cada hueco. Lee el registro del volumen de datos, esté el puente en marcha o no. Todas las horas son UTC.",
    ),
    "gaps.help.after": (
        (
            "examples:\n"
            "  docker compose exec bridge bridge gaps\n"
            "  docker compose exec bridge bridge gaps main --all\n"
            "\n"
            "an interval counts from a quarter of an hour after its end. One that the meter never captured, because it had\n"
            "no power, is not missing.\n"
            "\n"
            "exit codes: 0 nothing is missing · 1 intervals are missing, or were lost within a month · 2 it cannot be told"
        ),
        (
            "ejemplos:\n"
            "  docker compose exec bridge bridge gaps\n"
            "  docker compose exec bridge bridge gaps main --all\n"
            "\n"
            "un intervalo cuenta desde un cuarto de hora después de su fin. El que el medidor nunca registró, por no tener\n"
            "energía, no falta.\n"
            "\n"
            "códigos de salida: 0 no falta nada · 1 faltan intervalos, o se perdieron en el último mes · 2 no se puede saber"
        ),
    ),
    "gaps.help.meter": (
        "name of a configured meter; all of them without it",
        "nombre de un medidor configurado; sin él, todos",
    ),
    "gaps.help.all": (
        "every meter, gap and day; otherwise twenty of each",
        "todos los medidores, huecos y días; si no, veinte de cada uno",
    ),
    "gaps.help.json": ("as one JSON document, with every gap", "como un documento JSON, con todos los huecos"),
    "gaps.now": ("now: {now}; all times are UTC", "ahora: {now}; todas las horas son UTC"),
    "gaps.column.meter": ("meter", "medidor"),
    "gaps.column.profile": ("load profile", "perfil de carga"),
    "gaps.column.every": ("every", "cada"),
    "gaps.column.day": ("day", "día"),
    "gaps.column.week": ("week", "semana"),
    "gaps.column.month": ("month", "mes"),
    "gaps.column.missing": ("missing", "faltan"),
    "gaps.column.gone": ("gone", "perdidos"),
    "gaps.column.until": ("can be had until", "obtenible hasta"),
    "gaps.column.from": ("from", "desde"),
    "gaps.column.to": ("to", "hasta"),
    "gaps.column.intervals": ("intervals", "intervalos"),
    "gaps.column.what": ("what", "qué"),
    "gaps.column.why": ("why", "por qué"),
    "gaps.state.wanted": ("missing: not read yet", "falta: aún no se leyó"),
    "gaps.state.on_its_way": ("missing: read, not stored yet", "falta: leído, aún no guardado"),
    "gaps.state.off": ("never was", "nunca existió"),
    "gaps.state.overwritten": ("gone: overwritten", "perdido: sobrescrito"),
    "gaps.state.refused": ("gone: refused", "perdido: rechazado"),
    "gaps.why.power_down": ("the meter was off (power down)", "el medidor estaba apagado (corte de energía)"),
    "gaps.why.set_forward": (
        "the meter's clock was set forward over it",
        "el reloj del medidor se adelantó y lo saltó",
    ),
    "gaps.why.unexplained": ("the meter has no row and does not say why", "el medidor no tiene fila y no dice por qué"),
    "gaps.why.changed": (
        "the load profile was changed before it was read",
        "el perfil de carga se cambió antes de leerlo",
    ),
    "gaps.folded": (
        "and {count} more meters, which lack less or nothing: --all; one by its name shows each of its gaps",
        "y {count} medidores más, a los que les falta menos o nada: --all; uno por su nombre muestra cada hueco",
    ),
    "gaps.more": ("and {count} older ones: --all", "y {count} más antiguos: --all"),
    "gaps.sums": (
        "sum check: {equal} of {count} days add up to what the totals rose by",
        "control de sumas: {equal} de {count} días suman lo que subieron los totales",
    ),
    "gaps.sum.unplaced": (
        "{missing} intervals have no difference of their own; {by} fell into them",
        "{missing} intervalos no tienen diferencia propia; {by} cayeron en ellos",
    ),
    "gaps.sum.differs": (
        "the totals rose by {by} more than the intervals hold; without a difference: {missing}",
        "los totales subieron {by} más de lo que suman los intervalos; sin diferencia: {missing}",
    ),
    "gaps.sum.live_differs": (
        "a captured total lies {by} outside the live readings around it; without a difference: {missing}",
        "un total registrado queda {by} fuera de las lecturas en vivo vecinas; sin diferencia: {missing}",
    ),
    "gaps.sum.unknown": (
        "a total is not known, nothing to compare; without a difference: {missing}",
        "no se conoce un total, nada que comparar; sin diferencia: {missing}",
    ),
    "gaps.without": ("{name}: no load profile; {why}", "{name}: sin perfil de carga; {why}"),
    "gaps.without.off": ("the ledger is off (LEDGER__ENABLED)", "el registro está desactivado (LEDGER__ENABLED)"),
    "gaps.without.profile": (
        "its profile names none ([[load_profiles]]); `bridge probe` finds them",
        "su perfil no nombra ninguno ([[load_profiles]]); `bridge probe` los encuentra",
    ),
    "gaps.without.yet": (
        "none of it was read yet, or the meter has none: the log says which",
        "aún no se leyó ninguno, o el medidor no tiene: el log lo dice",
    ),
    "gaps.no_meters": (
        "no meter is configured, and the ledger knows none",
        "no hay ningún medidor configurado, y el registro no conoce ninguno",
    ),
    "gaps.missing": (
        "{count} intervals are missing and can still be had; the bridge reads them by itself, the oldest first",
        "faltan {count} intervalos que aún se pueden obtener; el puente los lee solo, primero los más antiguos",
    ),
    "gaps.gone": (
        "{count} intervals of the last month are gone for good",
        "{count} intervalos del último mes están perdidos",
    ),
    "gaps.none": ("every interval that is due is stored", "todos los intervalos debidos están guardados"),
    "gaps.no_ledger": (
        "{path}: there is no ledger yet; the bridge makes it when it starts. Is DATA_DIR right?",
        "{path}: aún no hay registro; el puente lo crea al arrancar. ¿Es correcto DATA_DIR?",
    ),
    "gaps.unknown": (
        "no meter {name!r}; there are: {known}",
        "no hay ningún medidor {name!r}; hay: {known}",
    ),
    "gaps.wrong_time": (
        "{option} {text}: no time. Write one like 2026-11-24, 2026-11-24T06:00 (UTC), 2026-11-24T06:00-05:00, or how long ago: 7d, 12h, 90min",
        "{option} {text}: no es una hora. Se escribe como 2026-11-24, 2026-11-24T06:00 (UTC), 2026-11-24T06:00-05:00, o hace cuánto: 7d, 12h, 90min",
    ),
    "gaps.future": (
        "{option} {time} (UTC) lies in the future; it is {now}",
        "{option} {time} (UTC) está en el futuro; son las {now}",
    ),
}
