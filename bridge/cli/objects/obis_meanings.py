"""What an OBIS code means (IEC 62056-6-1), in English and Spanish: what is met in electricity meters. Pure.

Put together from the code's groups; a code that is not here has no name, and none is made up.
"""

from __future__ import annotations

from typing import Final

Words = tuple[str, str]
"""English, Spanish."""

_ABSTRACT: Final[dict[tuple[int, int | None, int | None], Words]] = {
    (1, 0, 0): ("clock", "reloj"),
    (1, 1, 0): ("UNIX clock", "reloj UNIX"),
    (2, 0, 0): ("modem configuration", "configuración del módem"),
    (2, 1, 0): ("auto connect", "conexión automática"),
    (2, 2, 0): ("auto answer", "respuesta automática"),
    (10, 0, 0): ("script table: meter reset", "tabla de scripts: reinicio del medidor"),
    (10, 0, 1): ("script table: end of billing period", "tabla de scripts: cierre de facturación"),
    (10, 0, 100): ("script table: tariffs", "tabla de scripts: tarifas"),
    (10, 0, 106): ("script table: disconnector", "tabla de scripts: interruptor"),
    (10, 0, 107): ("script table: image activation", "tabla de scripts: activación de firmware"),
    (10, 0, 108): ("script table: push", "tabla de scripts: envío"),
    (10, 0, None): ("script table", "tabla de scripts"),
    (11, 0, None): ("special days", "días especiales"),
    (12, 0, None): ("schedule", "programa horario"),
    (13, 0, None): ("activity calendar", "calendario de actividad"),
    (14, 0, None): ("register activation", "activación de registros"),
    (15, 0, 0): ("schedule: end of billing period", "programa: cierre de facturación"),
    (15, 0, 1): ("schedule: disconnector", "programa: interruptor"),
    (15, 0, 2): ("schedule: image activation", "programa: activación de firmware"),
    (15, 0, 4): ("schedule: push", "programa: envío"),
    (15, 0, None): ("single action schedule", "acción programada"),
    (16, 0, None): ("register monitor", "vigilancia de registro"),
    (16, 1, None): ("alarm monitor", "vigilancia de alarmas"),
    (17, 0, None): ("limiter", "limitador"),
    (18, 0, None): ("array manager", "gestor de tablas"),
    (19, None, None): ("payment metering", "prepago"),
    (20, 0, None): ("optical port setup", "puerto óptico"),
    (21, 0, None): ("readout list", "lista de lectura"),
    (22, 0, None): ("HDLC setup", "configuración HDLC"),
    (23, None, None): ("twisted pair setup", "par trenzado"),
    (24, 0, None): ("M-Bus slave port", "puerto M-Bus esclavo"),
    (24, 1, None): ("M-Bus client", "cliente M-Bus"),
    (24, 2, None): ("M-Bus value", "valor M-Bus"),
    (24, 3, None): ("M-Bus load profile", "perfil de carga M-Bus"),
    (24, 4, None): ("M-Bus disconnector", "interruptor M-Bus"),
    (24, 5, None): ("M-Bus event log", "registro de eventos M-Bus"),
    (24, None, None): ("M-Bus", "M-Bus"),
    (25, 0, None): ("TCP-UDP setup", "configuración TCP-UDP"),
    (25, 1, None): ("IPv4 setup", "configuración IPv4"),
    (25, 2, None): ("MAC address", "dirección MAC"),
    (25, 3, None): ("PPP setup", "configuración PPP"),
    (25, 4, None): ("GPRS modem setup", "configuración del módem GPRS"),
    (25, 5, None): ("SMTP setup", "configuración SMTP"),
    (25, 6, None): ("cellular diagnostic", "diagnóstico de la red móvil"),
    (25, 7, None): ("IPv6 setup", "configuración IPv6"),
    (25, 9, None): ("push setup", "configuración de envío"),
    (25, 10, None): ("NTP setup", "configuración NTP"),
    (25, 11, None): ("LTE monitoring", "supervisión LTE"),
    (26, None, None): ("S-FSK PLC", "PLC S-FSK"),
    (28, None, None): ("PRIME PLC", "PLC PRIME"),
    (29, None, None): ("G3 PLC", "PLC G3"),
    (31, 0, None): ("wireless mode Q", "radio modo Q"),
    (40, 0, None): ("association", "asociación"),
    (41, 0, 0): ("logical devices (SAP assignment)", "dispositivos lógicos (SAP)"),
    (42, 0, 0): ("logical device name", "nombre lógico"),
    (43, 0, None): ("security setup", "configuración de seguridad"),
    (43, 1, None): ("invocation counter", "contador de invocación"),
    (43, 2, None): ("data protection", "protección de datos"),
    (44, 0, None): ("firmware image transfer", "transferencia de firmware"),
    (44, 1, None): ("function control", "control de funciones"),
    (65, None, None): ("utility table", "tabla de utilidad"),
    (66, 0, None): ("compact data", "datos compactos"),
    (96, 1, 0): ("serial number", "número de serie"),
    (96, 1, None): ("device identification", "identificación del equipo"),
    (96, 2, 0): ("number of configuration changes", "número de cambios de configuración"),
    (96, 2, 1): ("last configuration change", "último cambio de configuración"),
    (96, 2, 5): ("date of last calibration", "fecha de la última calibración"),
    (96, 2, None): ("parameter changes", "cambios de parámetros"),
    (96, 3, 10): ("disconnector", "interruptor"),
    (96, 3, None): ("inputs and outputs", "entradas y salidas"),
    (96, 4, None): ("internal control signals", "señales internas de control"),
    (96, 5, None): ("internal operating status", "estado interno"),
    (96, 6, 0): ("battery use time", "tiempo de uso de la batería"),
    (96, 6, 1): ("battery charge", "carga de la batería"),
    (96, 6, 3): ("battery voltage", "tensión de la batería"),
    (96, 6, None): ("battery", "batería"),
    (96, 7, 9): ("number of long power failures in any phase", "número de cortes largos en alguna fase"),
    (96, 7, 21): ("number of power failures in any phase", "número de cortes en alguna fase"),
    (96, 7, None): ("power failures", "cortes de suministro"),
    (96, 8, None): ("operating time", "tiempo de funcionamiento"),
    (96, 9, None): ("ambient temperature", "temperatura ambiente"),
    (96, 10, None): ("status", "estado"),
    (96, 11, None): ("event code", "código de evento"),
    (96, 12, 5): ("field strength", "intensidad de campo"),
    (96, 12, None): ("communication port", "puerto de comunicación"),
    (96, 13, 0): ("consumer message, by port", "mensaje al cliente, por el puerto"),
    (96, 13, 1): ("consumer message, on the display", "mensaje al cliente, en pantalla"),
    (96, 14, None): ("active tariff", "tarifa activa"),
    (96, 15, None): ("event counter", "contador de eventos"),
    (96, 16, None): ("digital signature", "firma digital"),
    (96, 20, None): ("tamper and cover events", "manipulaciones y aperturas"),
    (97, 97, None): ("error register", "registro de errores"),
    (97, 98, None): ("alarm register or filter", "registro o filtro de alarmas"),
    (98, None, None): ("billing profile", "perfil de facturación"),
    (99, 98, 0): ("event log", "registro de eventos"),
    (99, 98, 1): ("event log: fraud", "registro de eventos: fraude"),
    (99, 98, 2): ("event log: disconnector", "registro de eventos: interruptor"),
    (99, 98, 4): ("event log: power quality", "registro de eventos: calidad"),
    (99, 98, 5): ("event log: communication", "registro de eventos: comunicación"),
    (99, 98, None): ("event log", "registro de eventos"),
    (99, 97, None): ("power failure log", "registro de cortes"),
    (99, None, None): ("load profile", "perfil de carga"),
}  # fmt: skip

_OF_ELECTRICITY: Final[dict[tuple[int, int | None, int | None], Words]] = {
    (0, 0, None): ("electricity ID", "identificación eléctrica"),
    (0, 1, 0): ("billing period counter", "contador de períodos de facturación"),
    (0, 1, None): ("billing period", "período de facturación"),
    (0, 2, 0): ("firmware version", "versión de firmware"),
    (0, 2, 8): ("firmware signature", "firma del firmware"),
    (0, 2, None): ("program entries", "datos del programa"),
    (0, 3, None): ("output pulse constant", "constante de impulsos"),
    (0, 4, 2): ("current transformer ratio", "relación de transformación de corriente"),
    (0, 4, 3): ("voltage transformer ratio", "relación de transformación de tensión"),
    (0, 4, None): ("ratio", "relación"),
    (0, 6, 0): ("nominal voltage", "tensión nominal"),
    (0, 6, 1): ("nominal current", "corriente nominal"),
    (0, 6, 2): ("nominal frequency", "frecuencia nominal"),
    (0, 6, 3): ("maximum current", "corriente máxima"),
    (0, 8, 0): ("demand period", "período de demanda"),
    (0, 8, 4): ("load profile period 1", "período del perfil de carga 1"),
    (0, 8, 5): ("load profile period 2", "período del perfil de carga 2"),
    (0, 9, 1): ("local time", "hora local"),
    (0, 9, 2): ("local date", "fecha local"),
    (0, 11, None): ("measurement algorithm", "algoritmo de medida"),
    (94, None, None): ("country-specific", "específico del país"),
    (96, 5, None): ("operating status", "estado de funcionamiento"),
    (97, 97, None): ("error register", "registro de errores"),
    (98, 1, None): ("billing profile", "perfil de facturación"),
    (98, None, None): ("billing profile", "perfil de facturación"),
    (99, 1, 0): ("load profile 1", "perfil de carga 1"),
    (99, 2, 0): ("load profile 2", "perfil de carga 2"),
    (99, 10, None): ("event profile: dips and swells", "perfil de eventos: huecos y sobretensiones"),
    (99, 97, None): ("power failure log", "registro de cortes"),
    (99, 98, None): ("event log", "registro de eventos"),
    (99, None, None): ("load profile", "perfil de carga"),
}  # fmt: skip

_QUANTITIES: Final[dict[int, Words]] = {
    1: ("active {} import (+P)", "{} activa importada (+P)"),
    2: ("active {} export (-P)", "{} activa exportada (-P)"),
    3: ("reactive {} import (+Q)", "{} reactiva importada (+Q)"),
    4: ("reactive {} export (-Q)", "{} reactiva exportada (-Q)"),
    5: ("reactive {} Q1", "{} reactiva Q1"),
    6: ("reactive {} Q2", "{} reactiva Q2"),
    7: ("reactive {} Q3", "{} reactiva Q3"),
    8: ("reactive {} Q4", "{} reactiva Q4"),
    9: ("apparent {} import (+S)", "{} aparente importada (+S)"),
    10: ("apparent {} export (-S)", "{} aparente exportada (-S)"),
    11: ("current", "corriente"),
    12: ("voltage", "tensión"),
    13: ("power factor", "factor de potencia"),
    14: ("frequency", "frecuencia"),
    15: ("active {} (|+P|+|-P|)", "{} activa (|+P|+|-P|)"),
    16: ("active {} (|+P|-|-P|)", "{} activa (|+P|-|-P|)"),
    17: ("active {} Q1", "{} activa Q1"),
    18: ("active {} Q2", "{} activa Q2"),
    19: ("active {} Q3", "{} activa Q3"),
    20: ("active {} Q4", "{} activa Q4"),
}  # fmt: skip
_OTHERS: Final[dict[int, Words]] = {
    82: ("unitless quantity (pulses)", "magnitud sin unidad (impulsos)"),
    83: ("losses", "pérdidas"),
    88: ("ampere-squared hours", "amperios cuadrado hora"),
    89: ("volt-squared hours", "voltios cuadrado hora"),
    90: ("sum of the currents", "suma de las corrientes"),
    91: ("neutral current", "corriente de neutro"),
    92: ("neutral voltage", "tensión de neutro"),
}  # fmt: skip
_POWER, _ENERGY = ("power", "potencia"), ("energy", "energía")
_PROCESSING: Final[dict[int, Words]] = {
    0: ("billing average", "media de facturación"),
    1: ("cumulative minimum", "mínimo acumulado"),
    2: ("cumulative maximum", "máximo acumulado"),
    3: ("minimum", "mínimo"),
    4: ("present average", "media actual"),
    5: ("last average", "última media"),
    6: ("maximum", "máximo"),
    7: ("", ""),
    8: ("", ""),
    9: ("since the last reset", "desde el último cierre"),
    10: ("time integral 3", "integral 3"),
    15: ("minimum 2", "mínimo 2"),
    16: ("maximum 2", "máximo 2"),
    24: ("average 3", "media 3"),
    25: ("last average 3", "última media 3"),
    27: ("present average 5", "media actual 5"),
    28: ("present average 6", "media actual 6"),
    29: ("in the load profile period", "en el período del perfil"),
    31: ("threshold, under", "umbral inferior"),
    32: ("number of times under limit", "veces bajo el límite"),
    33: ("duration under limit", "duración bajo el límite"),
    34: ("magnitude under limit", "magnitud bajo el límite"),
    35: ("threshold, over", "umbral superior"),
    36: ("number of times over limit", "veces sobre el límite"),
    37: ("duration over limit", "duración sobre el límite"),
    38: ("magnitude over limit", "magnitud sobre el límite"),
    39: ("missing threshold", "umbral de ausencia"),
    43: ("time threshold, under", "umbral de tiempo inferior"),
    44: ("time threshold, over", "umbral de tiempo superior"),
    58: ("time integral 10", "integral 10"),
}  # fmt: skip
_ENERGIES: Final = frozenset({8, 9, 10, 29, 58})
_CUMULATIVE_TARIFFS: Final = frozenset({0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 29, 58})
_MEDIA: Final[dict[int, Words]] = {
    4: ("heat cost allocator", "repartidor de costes de calefacción"), 5: ("cooling", "frío"), 6: ("heat", "calor"),
    7: ("gas", "gas"), 8: ("cold water", "agua fría"), 9: ("hot water", "agua caliente"),
}  # fmt: skip
_ANGLE_OF: Final = ("U(L1)", "U(L2)", "U(L3)", "", "I(L1)", "I(L2)", "I(L3)", "I(N)")


def obis_name(logical_name: str, language: str = "en") -> str:
    """Return what the code means; empty for one that is not known here.

    Args:
        logical_name: six groups with dots.
        language: ``en`` or ``es``.
    """
    a, b, c, d, e, f = (int(group) for group in logical_name.split("."))
    column = language == "es"
    if a == 0:
        words = _looked_up(_ABSTRACT, c, d, e)
    elif a == 1:
        words = _looked_up(_OF_ELECTRICITY, c, d, e) or _measured(c, d, e)
    else:
        words = _MEDIA.get(a)
    if words is None:
        return ""
    parts = [words[column]]
    if b > (1 if a == 1 else 0) and b < 64:
        parts.append(f"{('channel', 'canal')[column]} {b}")
    if a == 1 and 1 <= f <= 99:
        parts.append(f"{('billing period', 'período')[column]} {f}")
    elif a == 1 and 101 <= f <= 125:
        parts.append(f"{('billing periods back', 'períodos atrás')[column]}: {f - 100}")
    return ", ".join(parts)


def _looked_up(table: dict[tuple[int, int | None, int | None], Words], c: int, d: int, e: int) -> Words | None:
    return table.get((c, d, e)) or table.get((c, d, None)) or table.get((c, None, None))


def _measured(c: int, d: int, e: int) -> Words | None:
    """Return the name of a quantity of electricity: of the sum, of a phase, or of neutral."""
    if c == 81 and d == 7:
        return _angle(e)
    phase = (c - 1) // 20 if 21 <= c <= 80 else 0
    quantity = _QUANTITIES.get((c - 1) % 20 + 1 if phase else c) or _OTHERS.get(c)
    if quantity is None or d not in _PROCESSING or (c <= 80 and quantity is None):
        return None
    kind = _ENERGY if d in _ENERGIES else _POWER
    found = []
    for column in range(2):
        parts = [quantity[column].format(kind[column])]
        if phase:
            parts[0] += f" L{phase}"
        parts += [_PROCESSING[d][column]] if _PROCESSING[d][column] else []
        if d in _CUMULATIVE_TARIFFS and 1 <= e <= 63:
            parts.append(f"{('tariff', 'tarifa')[column]} {e}")
        elif d == 7 and e == 124:
            parts.append("THD")
        elif d == 7 and 1 <= e <= 120:
            parts.append(f"{('harmonic', 'armónico')[column]} {e}")
        found.append(", ".join(parts))
    return found[0], found[1]


def _angle(e: int) -> Words | None:
    of, to = e % 10, e // 10
    if max(of, to) >= len(_ANGLE_OF) or not (_ANGLE_OF[of] and _ANGLE_OF[to]):
        return None
    return f"angle {_ANGLE_OF[of]} to {_ANGLE_OF[to]}", f"ángulo de {_ANGLE_OF[of]} a {_ANGLE_OF[to]}"
