"""From what somebody wrote to settings that can be used, with every mistake named where it was written.

``settings`` holds the models, ``field_types`` what one value may be, ``variables`` the names; ``environment`` and
``fleet`` collect what is given where, ``contradictions`` compares, ``load`` puts it together. ``meter`` lays a meter's
settings over its profile.

Imports ``dlms``, ``sample`` and ``errors``; never a wing. Everything above may import from here.
"""
