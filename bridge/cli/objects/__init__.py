"""A meter's object list, with names and access rights.

obis_meanings   what an OBIS code means (IEC 62056-6-1), in both languages
access_rights   what the object list says a client may do
object_filter   which objects are wanted        object_values   what they hold, where asked
object_list     the list for people and as JSON
"""
