"""What a meter offers: its object list with names and access rights.

names.py      what an OBIS code means (IEC 62056-6-1), in both languages      classes.py    interface classes, enums
rights.py     the access rights of the object list                            selected.py   a choice of objects
shown.py      the list for people and as JSON                                 values.py     what they hold, where asked
"""
