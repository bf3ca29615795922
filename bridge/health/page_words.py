"""The words of the page for people. English, Spanish; the verdict and what is wrong stay English in the log alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from bridge.health.verdict import Verdict

Language = Literal["en", "es"]

VERDICTS: Final[dict[Verdict, str]] = {
    "the bridge hangs": "el puente está colgado",
    "waiting for its lease": "esperando su turno",
    "the disk takes nothing": "el disco no admite nada",
    "no meter answers": "ningún medidor responde",
    "the broker is away": "sin conexión con el broker",
    "ThingsBoard is away": "sin conexión con ThingsBoard",
    "ThingsBoard stores nothing": "ThingsBoard no guarda nada",
    "the clock is not set": "el reloj no está en hora",
    "a meter fails": "un medidor falla",
    "intervals are missing": "faltan intervalos",
    "something needs a look": "hay algo que mirar",
    "no meter is read yet": "aún no se ha leído ningún medidor",
    "all is well": "todo va bien",
}
"""The verdict in Spanish; in English it is its own name."""

_SPANISH: Final[dict[str, str]] = {
    "meter": "medidor",
    "state": "estado",
    "last value": "último valor",
    "values": "valores",
    "5 min": "5 min",
    "complete, 1 day": "completo, 1 día",
    "starting": "empezando",
    "reading": "leyendo",
    "late": "atrasado",
    "failing": "fallando",
    "left alone": "en pausa",
    "{} ago": "hace {}",
    "none yet": "aún ninguno",
    "up {}": "en marcha desde hace {}",
    "shard {} of {}": "fragmento {} de {}",
    "on {}, lease held": "en {}, tiene la concesión",
    "on {}, without its lease": "en {}, sin la concesión",
    "next attempt in {}": "próximo intento en {}",
    "and {} more: bridge status --all": "y {} más: bridge status --all",
    "ThingsBoard": "ThingsBoard",
    "broker": "broker",
    "up": "conectado",
    "down": "sin conexión",
    "none is set: samples are confirmed here and go nowhere": (
        "no hay ninguno: las muestras se confirman aquí y no van a ninguna parte"
    ),
    "none is set: samples go to the local broker, and no further": (
        "no hay ninguno: las muestras llegan al broker local, y no más lejos"
    ),
    "last confirmed": "última confirmación",
    "waiting": "en espera",
    "nothing": "nada",
    "{} samples, the oldest for {}": "{} muestras, la más antigua desde hace {}",
    "1 sample, for {}": "1 muestra, desde hace {}",
    "outbox": "bandeja de salida",
    "{} of {}": "{} de {}",
    "disk": "disco",
    "{} free": "{} libres",
    "unknown": "desconocido",
    "lost": "perdidas",
    "clock": "reloj",
    "trusted": "fiable",
    "not trusted": "no es fiable",
    "last lines of the log": "últimas líneas del registro",
    "The bridge does not answer: what stands here is old.": "El puente no responde: lo que se ve aquí es antiguo.",
}


def language_of(accepted: str) -> Language:
    """Return the page's language for what a browser accepts, ``es-CO,es;q=0.9,en;q=0.8``: the first of ours in it."""
    for one in accepted.split(","):
        match one.strip()[:2].lower():
            case "es":
                return "es"
            case "en":
                return "en"
    return "en"


class PageWords:
    """Says them in one language.

    Args:
        language: which.
    """

    def __init__(self, language: Language) -> None:
        self.language = language

    def __call__(self, english: str, *values: object) -> str:
        """Return the words, with ``values`` in their places."""
        return (_SPANISH[english] if self.language == "es" else english).format(*values)

    def verdict(self, verdict: Verdict) -> str:
        """Return a verdict."""
        return VERDICTS[verdict] if self.language == "es" else verdict
