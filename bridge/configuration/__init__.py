"""From what somebody wrote to settings that can be used, with every mistake named where it was written.

``variables`` knows the names, ``environment`` and ``fleet`` collect what is given where, ``contradictions`` compares,
``reading`` puts it together. The models and their limits stand in ``bridge/settings.py``.
"""
