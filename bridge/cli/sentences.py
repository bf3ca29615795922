"""The sentences of ``bridge --help``, ``bridge run`` and ``bridge demo-meter``. English, Spanish."""

from __future__ import annotations

from typing import Final

SENTENCES: Final = {
    "help.about": (
        "Reads DLMS/COSEM electricity meters and delivers every reading to ThingsBoard. Settings come from the environment: see .env.example.",
        "Lee medidores eléctricos DLMS/COSEM y entrega cada lectura a ThingsBoard. Los ajustes vienen del entorno: ver .env.example.",
    ),
    "help.after": (
        (
            "exit codes: 0 all well, or stopped as asked · 1 something is wrong · 2 the configuration or the command line\n"
            "            is unusable · 130 interrupted\n"
            "language:   English, or Spanish if LC_ALL, LC_MESSAGES or LANG begins with es; in the stack: LANG=es in .env\n"
            "\n"
            "in the stack: docker compose exec bridge bridge doctor      while it runs\n"
            "              docker compose run --rm bridge check          while it is stopped"
        ),
        (
            "códigos de salida: 0 todo bien, o detenido a petición · 1 algo anda mal · 2 la configuración o la línea de\n"
            "            comandos no sirve · 130 interrumpido\n"
            "idioma:     inglés, o español si LC_ALL, LC_MESSAGES o LANG empieza por es; en el stack: LANG=es en .env\n"
            "\n"
            "en el stack: docker compose exec bridge bridge doctor      mientras está en marcha\n"
            "             docker compose run --rm bridge check          mientras está detenido"
        ),
    ),
    "help.denied": (
        "{path}: this user may not look there; run it as the user that the bridge runs as",
        "{path}: este usuario no tiene acceso; ejecútelo como el usuario del puente",
    ),
    "help.mistakes": (
        "{count:mistake|mistakes} in the configuration; correct the lines above, then start again",
        "{count:error|errores} en la configuración; corregir las líneas de arriba (en inglés, como el registro) y volver a empezar",
    ),
    "help.usage": ("usage: ", "uso:   "),
    "help.arguments": ("arguments", "argumentos"),
    "help.options": ("options", "opciones"),
    "help.commands": ("commands", "comandos"),
    "help.command": ("COMMAND", "COMANDO"),
    "help.this": ("show this help and exit", "mostrar esta ayuda y salir"),
    "help.version": ("show the version and exit", "mostrar la versión y salir"),
    "help.run": ("read the meters until stopped (the default)", "leer los medidores hasta detenerlo (por defecto)"),
    "help.run.about": (
        "Reads every configured meter, over and over, and delivers each reading to ThingsBoard.",
        "Lee todos los medidores configurados, sin fin, y entrega cada lectura a ThingsBoard.",
    ),
    "help.run.after": (
        (
            "example:    docker compose up -d\n"
            "exit codes: 0 stopped as asked (SIGTERM, SIGINT) · 1 the event loop hung · 2 the configuration is wrong"
        ),
        (
            "ejemplo:    docker compose up -d\n"
            "códigos de salida: 0 detenido a petición (SIGTERM, SIGINT) · 1 el bucle de eventos se colgó · 2 la\n"
            "            configuración está mal"
        ),
    ),
    "help.demo": (
        "serve the built-in demo meter, to try the bridge on",
        "servir el medidor de demostración, para probar el puente con él",
    ),
    "help.demo.about": (
        "Serves a meter with invented values until interrupted.",
        "Sirve un medidor con valores inventados, hasta interrumpirlo.",
    ),
    "help.demo.after": (
        ("example:    bridge demo-meter --port 4059\nexit codes: 0 interrupted · 1 cannot listen on that address"),
        (
            "ejemplo:    bridge demo-meter --port 4059\n"
            "códigos de salida: 0 interrumpido · 1 no puede escuchar en esa dirección"
        ),
    ),
}
