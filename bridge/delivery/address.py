"""Where ThingsBoard is and how it is spoken to, from the settings: host, port, TLS, certificates."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from bridge.delivery.mqtt_client import MQTT_5, Peer
from bridge.errors import UpstreamError

if TYPE_CHECKING:
    from bridge.configuration.settings import ThingsBoardSettings
    from bridge.delivery.mqtt_client import Level

CLIENT_ID = "dlms-bridge"


def peer(settings: ThingsBoardSettings, user: str | None, *, level: Level = MQTT_5, patience_s: float = 10.0) -> Peer:
    """Whom to connect to.

    Args:
        settings: with a host.
        user: the access token; None where a certificate says who this is.
        level: of MQTT.
        patience_s: for the TCP connection, and again for the CONNACK.

    Raises:
        UpstreamError: a certificate file cannot be used. It may be mended while the bridge runs: try again.
    """
    return Peer(
        settings.host or "",
        settings.port or (8883 if settings.tls else 1883),
        client_id=CLIENT_ID,
        user=user,
        tls=_context(settings) if settings.tls else None,
        level=level,
        patience_s=patience_s,
    )


def _context(settings: ThingsBoardSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:  # ssl.SSLError is one, too: a file that is no certificate
        why = "is no PEM certificate" if isinstance(error, ssl.SSLError) else error.strerror
        raise UpstreamError(
            f"THINGSBOARD__CA_FILE={settings.ca_file}: {why}", hint="put the authority's certificate in ./config"
        ) from error
    if settings.cert_file is not None:
        try:
            context.load_cert_chain(settings.cert_file, settings.key_file, password=lambda: "")
        except OSError as error:
            why = "no PEM, or they do not belong together" if isinstance(error, ssl.SSLError) else error.strerror
            raise UpstreamError(
                f"THINGSBOARD__CERT_FILE={settings.cert_file}, THINGSBOARD__KEY_FILE={settings.key_file}: {why}",
                hint="put both in ./config, without a password, readable by the bridge's user",
            ) from error
    return context
