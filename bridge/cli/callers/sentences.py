"""What ``bridge callers`` says. English, Spanish."""

from __future__ import annotations

from typing import Final

SENTENCES: Final = {
    "callers.help": (
        "show who called the bridge and was not taken, with the lines for .env",
        "mostrar quién llamó al puente y no fue aceptado, con las líneas para .env",
    ),
    "callers.help.about": (
        "Shows the meters and modems that called LISTEN__PORT and were not taken: what they say of themselves, why, and the lines for .env that let each in. Reads a file on the data volume, whether the bridge runs or not; a caller that is configured leaves the list at the next start.",
        "Muestra los medidores y módems que llamaron a LISTEN__PORT y no fueron aceptados: qué dicen de sí mismos, por qué, y las líneas para .env que aceptan a cada uno. Lee un archivo del volumen de datos, esté el puente en marcha o no; quien está configurado sale de la lista en el próximo arranque.",
    ),
    "callers.help.after": (
        (
            "examples:\n"
            "  docker compose exec bridge bridge callers\n"
            "  docker compose exec bridge bridge callers --json\n"
            "\n"
            "exit codes: 0 shown, if only that there are none · 2 the settings cannot be used"
        ),
        (
            "ejemplos:\n"
            "  docker compose exec bridge bridge callers\n"
            "  docker compose exec bridge bridge callers --json\n"
            "\n"
            "códigos de salida: 0 mostrado, aunque no haya ninguno · 2 la configuración no sirve"
        ),
    ),
    "callers.help.json": ("as one JSON document", "como un documento JSON"),
    "callers.off": (
        "nobody can call: LISTEN__PORT is not set",
        "nadie puede llamar: LISTEN__PORT no está definido",
    ),
    "callers.none": (
        "nobody called that is not known",
        "no llamó nadie que no se conozca",
    ),
    "callers.times": (
        "{count:time|times}, last {last} UTC",
        "{count:vez|veces}, la última {last} UTC",
    ),
    "callers.why.unknown_title": (
        "its messages are ciphered, and no meter here has its system title:",
        "sus mensajes van cifrados y ningún medidor configurado tiene su system title:",
    ),
    "callers.why.unknown_meter": (
        "pushes messages that name no meter here. NEW stands for a name of your choice:",
        "envía mensajes que no nombran ningún medidor configurado. NEW es el nombre que usted elija:",
    ),
    "callers.why.wrong_key": (
        "its messages do not open with the keys that it has here, or were changed on the way:",
        "sus mensajes no se abren con las claves que tiene aquí, o se alteraron en el camino:",
    ),
    "callers.why.plain": (
        "pushes plain messages although it has keys here; anybody could send those. If that is meant:",
        "envía mensajes sin cifrar aunque aquí tiene claves; cualquiera podría enviarlos. Si es lo previsto:",
    ),
    "callers.why.unauthenticated": (
        "its messages are encrypted and not authenticated: a change on the way would not show. If that is meant:",
        "sus mensajes van cifrados y sin autenticar: un cambio en el camino no se notaría. Si es lo previsto:",
    ),
    "callers.why.stray": (
        "sent something that is no message, as modems do that say who they are. If a meter is behind it:",
        "envió algo que no es un mensaje, como los módems que dicen quiénes son. Si hay un medidor detrás:",
    ),
}
