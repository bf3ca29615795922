"""The command line: what a technician runs by hand. A folder per command, its sentences beside it.

Each folder has ``command.py`` (the options: all that ``bridge --help`` loads), ``sentences`` (English, Spanish) and a
file named like the command that does the work. What several commands need lies here: ``visit`` (connect, associate,
release), ``configured_meter``, ``secret_attempts``, ``register_reading``, ``profile_text``, ``running_bridge``,
``terminal``, ``catalogue``, ``parsers``.
"""
