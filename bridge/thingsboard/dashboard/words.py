"""What the dashboard says, in English and Spanish. ThingsBoard's own words come in the language of whoever looks."""

from __future__ import annotations

from typing import Final, Literal

Language = Literal["en", "es"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "es")
_WORDS: Final = {
    "title": ("Electricity meters", "Medidores eléctricos"),
    "meters": ("Meters", "Medidores"),
    "this_meter": ("This meter", "Este medidor"),
    "read_well": ("Read without fault", "Leídos sin fallos"),
    "state_ok": ("State ok", "Estado ok"),
    "alarms_now": ("Alarms now", "Alarmas ahora"),
    "critical_now": ("Critical now", "Críticas ahora"),
    "click": ("Meters: a click opens one", "Medidores: un clic abre uno"),
    "meter": ("Meter", "Medidor"),
    "state": ("State", "Estado"),
    "last_value": ("Last value", "Último valor"),
    "power": ("Power", "Potencia"),
    "complete": ("Complete, last day", "Completo, último día"),
    "voltage_l1": ("Voltage L1", "Tensión L1"),
    "register": ("Register", "Registro"),
    "serial": ("Serial", "Serie"),
    "no_meter": (
        "No meter yet. Start the bridge: each meter it reads appears here.",
        "Aún no hay medidores. Al iniciar el puente, cada medidor leído aparece aquí.",
    ),
    "energy": ("Energy", "Energía"),
    "energy_days_all": (
        "Energy per day, all meters (this month)",
        "Energía por día, todos los medidores (este mes)",
    ),
    "energy_days": ("Energy per day (this month)", "Energía por día (este mes)"),
    "energy_months": ("Energy per month (this year)", "Energía por mes (este año)"),
    "energy_today": ("Energy today", "Energía hoy"),
    "energy_month": ("Energy this month", "Energía este mes"),
    "power_now": ("Power now", "Potencia ahora"),
    "power_24h": ("Power, last 24 h", "Potencia, últimas 24 h"),
    "voltage_24h": ("Voltage, last 24 h", "Tensión, últimas 24 h"),
    "current_24h": ("Current, last 24 h", "Corriente, últimas 24 h"),
    "since": ("Since", "Desde"),
    "alarm": ("Alarm", "Alarma"),
    "alarms": ("Alarms", "Alarmas"),
    "severity": ("Severity", "Gravedad"),
    "status": ("Status", "Situación"),
    "over": ("over", "terminada"),
    "active_seen": ("active, seen", "activa, vista"),
    "active": ("active", "activa"),
    "events_30d": ("Events, last 30 days", "Eventos, últimos 30 días"),
    "event": ("Event", "Evento"),
    "code": ("Code", "Código"),
    "never": ("never", "nunca"),
    "ago": ("%s ago", "hace %s"),
    "days": ("days", "días"),
    "complete_share": ("complete on the last day", "completo el último día"),
    "no_phases": ("No voltage or current yet", "Aún sin tensión ni corriente"),
    "made": (
        "Made by dlms-bridge: bridge thingsboard apply writes it anew, unless somebody changed it.",
        "Hecho por dlms-bridge: bridge thingsboard apply lo escribe de nuevo, salvo que alguien lo haya cambiado.",
    ),
}


class DashboardWords:
    """The dashboard's words in one language.

    Args:
        language: which.
    """

    def __init__(self, language: Language) -> None:
        self._column = LANGUAGES.index(language)

    def __getitem__(self, key: str) -> str:
        return _WORDS[key][self._column]


def titles() -> list[str]:
    """Return the dashboard's title in each language."""
    return list(_WORDS["title"])
