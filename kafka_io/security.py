"""TLS and passwords towards the broker, for every client."""

import ssl
from typing import Any

from kafka_io.settings import Settings, SettingsError


def security_options(settings: Settings) -> dict[str, Any]:
    """Keyword arguments for aiokafka's clients.

    Raises:
        SettingsError: a file holds no certificate or key, or the key's password is wrong.
    """
    options: dict[str, Any] = {"security_protocol": settings.security_protocol.value}
    if settings.security_protocol.has_tls:
        options["ssl_context"] = tls_context(settings)
    if settings.security_protocol.has_sasl:
        options |= {
            "sasl_mechanism": settings.sasl_mechanism.value,
            "sasl_plain_username": settings.sasl_username,
            "sasl_plain_password": settings.sasl_password.get_secret_value(),
        }
    return options


def tls_context(settings: Settings) -> ssl.SSLContext:
    """Trusts the system's authorities, or the one that the settings name.

    Raises:
        SettingsError: see `security_options`.
    """
    file = settings.ssl_ca_file
    try:
        context = ssl.create_default_context(cafile=file)
    except (ssl.SSLError, OSError) as error:
        raise SettingsError(
            f"ssl_ca_file={file}: {_reason(error)}; it has to hold certificates in PEM"
        ) from None
    context.check_hostname = settings.ssl_check_hostname
    if settings.ssl_cert_file is not None:
        _load_own(context, settings)
    return context


def _load_own(context: ssl.SSLContext, settings: Settings) -> None:
    password = settings.ssl_key_password.get_secret_value()
    try:
        # As a function, since a key with a password would be asked for on the terminal without.
        context.load_cert_chain(
            settings.ssl_cert_file or "", settings.ssl_key_file, password=lambda: password
        )
    except (ssl.SSLError, OSError) as error:
        raise SettingsError(
            f"ssl_cert_file={settings.ssl_cert_file}, ssl_key_file={settings.ssl_key_file}: "
            f"{_reason(error)}; they have to hold a certificate and its key in PEM, and "
            "LEIMO_SSL_KEY_PASSWORD the password of the key where it has one"
        ) from None


def _reason(error: ssl.SSLError | OSError) -> str:
    return getattr(error, "reason", None) or error.strerror or str(error)
