"""What a probe says of a meter that lets it in, and of the lines for it. English, Spanish."""

from __future__ import annotations

from typing import Final

SENTENCES: Final = {
    "probe.reading": ("registers: {done} of {total}", "registros: {done} de {total}"),
    "probe.gathered": (
        "client {client}: {objects} objects, {registers} registers with a value",
        "cliente {client}: {objects} objetos, {registers} registros con valor",
    ),
    "probe.gathered.blind": (
        "client {client}: does not show its objects; {registers} of the usual registers have a value",
        "cliente {client}: no muestra sus objetos; {registers} de los registros usuales tienen valor",
    ),
    "probe.title.meter": ("meter", "medidor"),
    "probe.fact.name": ("logical device name", "nombre lógico"),
    "probe.fact.maker": ("manufacturer", "fabricante"),
    "probe.fact.serial": ("serial number", "número de serie"),
    "probe.fact.firmware": ("firmware", "firmware"),
    "probe.fact.clock": ("clock", "reloj"),
    "probe.fact.round_trip": ("round trip", "ida y vuelta"),
    "probe.fact.lists": ("several per request", "varios por petición"),
    "probe.fact.blocks": ("long answers", "respuestas largas"),
    "probe.fact.pdu": ("longest message", "mensaje más largo"),
    "probe.maker.unknown": (
        "{letters}: not a known manufacturer",
        "{letters}: fabricante desconocido",
    ),
    "probe.clock.drift": ("{clock} ({drift_s} s)", "{clock} ({drift_s} s)"),
    "probe.ms": ("{ms} ms", "{ms} ms"),
    "probe.bytes": ("{count} bytes", "{count} bytes"),
    "probe.yes": ("in blocks", "por bloques"),
    "probe.no": ("not in blocks", "sin bloques"),
    "probe.lists.works": (
        "yes (GET-WITH-LIST, {count} in {ms} ms)",
        "sí (GET-WITH-LIST, {count} en {ms} ms)",
    ),
    "probe.lists.fails": (
        "promised, but fails: registers are read one by one",
        "lo promete, pero falla: los registros se leen de uno en uno",
    ),
    "probe.lists.not_offered": (
        "no: registers are read one by one",
        "no: los registros se leen de uno en uno",
    ),
    "probe.lists.unknown": ("not tried", "no se probó"),
    "probe.title.registers": ("registers ({count})", "registros ({count})"),
    "probe.column.name": ("name", "nombre"),
    "probe.column.value": ("value", "valor"),
    "probe.column.unit": ("unit", "unidad"),
    "probe.left_out": ("… and {count} more that were not read", "… y {count} más que no se leyeron"),
    "probe.title.histories": ("its own history", "su propio historial"),
    "probe.history.kind": ("what", "qué es"),
    "probe.history.every": ("every", "cada"),
    "probe.history.back": ("reaches back", "alcance"),
    "probe.history.columns": ("columns", "columnas"),
    "probe.history.intervals": ("load profile", "perfil de carga"),
    "probe.history.events": ("event log", "registro de eventos"),
    "probe.history.seconds": ("{count} s", "{count} s"),
    "probe.history.minutes": ("{count} min", "{count} min"),
    "probe.history.days": ("{count} days", "{count} días"),
    "probe.history.rows": ("{count} rows", "{count} filas"),
    "probe.history.lines": (
        "to read this history too, put these lines into the meter's profile",
        "para leer también este historial, poner estas líneas en el perfil del medidor",
    ),
    "probe.title.profile": ("profile", "perfil"),
    "probe.profile.match": (
        "{name}: the meter has {there} of its {of} registers",
        "{name}: el medidor tiene {there} de sus {of} registros",
    ),
    "probe.profile.part": (
        "a profile of its own reads more: --profile-out FILE",
        "un perfil propio lee más: --profile-out FILE",
    ),
    "probe.profile.none": (
        "none fits, so the lines name the registers; for a profile of its own: --profile-out FILE",
        "ninguno encaja, así que las líneas nombran los registros; para un perfil propio: --profile-out FILE",
    ),
    "probe.silent": (
        "left out of the lines: {objects}. The meter gives no answer there, or none that makes sense, and asking costs time or the association",
        "fuera de las líneas: {objects}. El medidor no da respuesta ahí, o ninguna con sentido, y preguntar cuesta tiempo o la asociación",
    ),
    "probe.trial.trying": ("trying the lines", "probando las líneas"),
    "probe.trial.reads": (
        "tried: with these lines {values} of {of} registers gave a value",
        "probado: con estas líneas {values} de {of} registros dieron valor",
    ),
    "probe.trial.fails": (
        "tried: these lines do not give a sample yet: {said}",
        "probado: estas líneas aún no dan una muestra: {said}",
    ),
    "probe.profile.written": (
        "{file} written; put it into ./config/profiles",
        "{file} escrito; ponerlo en ./config/profiles",
    ),
    "probe.profile.unwritable": ("{file} cannot be written: {said}", "no se puede escribir {file}: {said}"),
    "probe.profile.save": (
        "save it as ./config/profiles/mine.toml",
        "guardarlo como ./config/profiles/mine.toml",
    ),
    "probe.title.lines": (".env", ".env"),
    "probe.fill_in": ("put the secret after the = sign", "poner el secreto después del signo ="),
}
