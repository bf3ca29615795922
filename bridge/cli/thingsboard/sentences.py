"""What ``bridge thingsboard`` says. English, Spanish."""

from __future__ import annotations

from typing import Final

SENTENCES: Final = {
    "thingsboard.help": (
        "set ThingsBoard up for the meters: gateway, device profile, alarms, dashboard; compare it, take it away",
        "preparar ThingsBoard para los medidores: gateway, perfil, alarmas, panel; compararlo, quitarlo",
    ),
    "thingsboard.help.about": (
        (
            "apply makes what is missing and renews what an earlier bridge made: the gateway device, the device profile\n"
            "(THINGSBOARD__DEVICE_TYPE), six alarm rules and the dashboard. What somebody changed there stays. check tells what\n"
            "differs and changes nothing. remove takes away dashboard and rules, never devices, data or the profile. token\n"
            "prints the gateway's access token and nothing else. Needs THINGSBOARD__API_URL and a tenant administrator's API\n"
            "key or login; alarms need ThingsBoard 4.3. Limits are server attributes of each device: voltage_min, voltage_max,\n"
            "no_data_minutes, completeness_min, clock_limit_s. Where no THINGSBOARD__TOKEN is set, the gateway's is put into the\n"
            "data folder, where bridge and Mosquitto take it from."
        ),
        (
            "apply crea lo que falta y renueva lo que hizo un puente anterior: el dispositivo gateway, el perfil de\n"
            "dispositivo (THINGSBOARD__DEVICE_TYPE), seis reglas de alarma y el panel. Lo que alguien cambió allí se queda.\n"
            "check dice qué difiere y no cambia nada. remove quita el panel y las reglas, nunca dispositivos, datos ni el\n"
            "perfil. token imprime el token del gateway y nada más. Necesita THINGSBOARD__API_URL y la clave o el usuario de un\n"
            "administrador del tenant; las alarmas necesitan ThingsBoard 4.3. Los límites son atributos de servidor de cada\n"
            "dispositivo: voltage_min, voltage_max, no_data_minutes, completeness_min, clock_limit_s. Sin THINGSBOARD__TOKEN, el\n"
            "token del gateway se guarda en la carpeta de datos, de donde lo toman el puente y Mosquitto."
        ),
    ),
    "thingsboard.help.after": (
        (
            "examples:\n"
            "  docker compose run --rm bridge thingsboard apply --yes\n"
            "  docker compose run --rm bridge thingsboard check\n"
            "\n"
            "exit codes: 0 done, or nothing differs · 1 something differs, or would be done with --yes\n"
            "            2 it could not be asked"
        ),
        (
            "ejemplos:\n"
            "  docker compose run --rm bridge thingsboard apply --yes\n"
            "  docker compose run --rm bridge thingsboard check\n"
            "\n"
            "códigos de salida: 0 hecho, o nada difiere · 1 algo difiere, o se haría con --yes\n"
            "            2 no se pudo preguntar"
        ),
    ),
    "thingsboard.help.action": ("apply, check, remove or token", "apply, check, remove o token"),
    "thingsboard.help.yes": (
        "do it; without it apply and remove only tell what they would do",
        "hacerlo; sin ello apply y remove solo dicen lo que harían",
    ),
    "thingsboard.help.dry_run": ("do nothing, even with --yes", "no hacer nada, ni con --yes"),
    "thingsboard.help.force": (
        "overwrite, or take away, what somebody changed too",
        "sobrescribir o quitar también lo que alguien cambió",
    ),
    "thingsboard.help.gateway": (
        "name of the gateway device. Default: Meter gateway",
        "nombre del dispositivo gateway. Por defecto: Meter gateway",
    ),
    "thingsboard.help.voltage": (
        "nominal voltage; the alarm's limits are 10 %% below and above. Default: 120",
        "tensión nominal; los límites de la alarma están un 10 %% por debajo y por encima. Por defecto: 120",
    ),
    "thingsboard.help.language": (
        "of the dashboard: en or es. Default: this one's",
        "del panel: en o es. Por defecto: el de este texto",
    ),
    "thingsboard.help.token_file": (
        "put the gateway's token into this new file instead of the data folder",
        "guardar el token del gateway en este archivo nuevo y no en la carpeta de datos",
    ),
    "thingsboard.dashboard": ("dashboard", "panel"),
    "thingsboard.profile": ("device profile", "perfil de dispositivo"),
    "thingsboard.default_dashboard": ("the profile's dashboard,", "panel del perfil"),
    "thingsboard.alarm_rule": ("alarm rule", "regla de alarma"),
    "thingsboard.gateway": ("gateway", "gateway"),
    "thingsboard.same": ("as it should be", "como debe ser"),
    "thingsboard.created": ("created", "creado"),
    "thingsboard.changed": ("changed", "cambiado"),
    "thingsboard.removed": ("removed", "quitado"),
    "thingsboard.edited": (
        "somebody changed it: left alone (--force does not)",
        "alguien lo cambió: se deja (--force no lo deja)",
    ),
    "thingsboard.not_mine": (
        "not made by the bridge: left alone (--force does not)",
        "no lo hizo el puente: se deja (--force no lo deja)",
    ),
    "thingsboard.left_out": (
        "left out: alarm rules need ThingsBoard 4.3 or newer",
        "omitidas: las reglas de alarma necesitan ThingsBoard 4.3 o posterior",
    ),
    "thingsboard.missing": ("missing", "falta"),
    "thingsboard.old": ("not as it should be", "no está como debe ser"),
    "thingsboard.with_yes": ("nothing was changed; with --yes it is done", "no se cambió nada; con --yes se hace"),
    "thingsboard.nothing_to_do": ("there is nothing to do", "no hay nada que hacer"),
    "thingsboard.differs": ("{count} are not as they should be", "{count} no están como deben"),
    "thingsboard.as_it_should_be": ("everything is as it should be", "todo está como debe ser"),
    "thingsboard.no_gateway": (
        "there is no gateway {name}; bridge thingsboard apply --yes makes it",
        "no hay ningún gateway {name}; bridge thingsboard apply --yes lo crea",
    ),
    "thingsboard.token_kept": (
        "the gateway's token is in {file}: the bridge takes it by itself",
        "el token del gateway está en {file}: el puente lo toma por sí mismo",
    ),
    "thingsboard.token_known": ("the gateway's token is in {file} already", "el token del gateway ya está en {file}"),
    "thingsboard.token_written": ("the gateway's token is in {file}", "el token del gateway está en {file}"),
    "thingsboard.token_there": (
        "{file} already exists and stays as it is; bridge thingsboard token prints the gateway's token",
        "{file} ya existe y se queda como está; bridge thingsboard token imprime el token del gateway",
    ),
    "thingsboard.token_not_kept": (
        "the gateway's token could not be put into {file}: {said}; bridge thingsboard token prints it",
        "no se pudo guardar el token del gateway en {file}: {said}; bridge thingsboard token lo imprime",
    ),
}
