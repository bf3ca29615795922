"""Home Assistant: the meters told to it by MQTT discovery, on the local broker, beside the live copies that it reads.

A part of its own with a session of its own: whatever happens here, samples go on to ThingsBoard as ever.
"""
