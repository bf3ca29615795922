"""DLMS/COSEM, pure: bytes in, bytes out. No socket, no file, no setting, no clock, no await.

From the wire up
    framing.py                whole frames out of a byte stream: HDLC, wrapper
    hdlc.py, hdlc_link.py, hdlc_frames.py, wrapper.py, mode_e.py                              the data links
    ciphering.py, signing.py, security_keys.py, invocation_counter.py                         protection
    services.py, xdlms.py, axdr.py                                                            requests, answers, data
    association.py, association_opening.py, association_parameters.py, acse.py, gurux.py      the association
    reading_plan.py, attribute_reader.py, request_lists.py, left_out.py, planned_registers.py what is read each cycle
    load_profile.py, selective_access.py, object_list.py, history/                           what is read when asked
    push/                                                                                     what meters send unasked
    values.py, dates.py, units.py, cosem_types.py, cosem_classes.py, obis_names.py           what the data mean
    overheard.py, stray_bytes.py                                                             what came that is no answer

``conversation.py`` says how all of it is driven. gurux-dlms stands behind ``gurux.py`` alone; ``openssl_in_gurux.py``
replaces its cryptography.
"""
