"""Why the broker cannot be reached, in words that name the mend.

aiokafka tells all of it as "unable to bootstrap": so connect once more, and look.
"""

import asyncio
import ssl
from contextlib import suppress

from aiokafka.conn import create_conn
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

from kafka_io.security import security_options
from kafka_io.settings import SaslMechanism, SecurityProtocol, Settings
from kafka_io.waiting import telling

_ANSWER_S = 5
_WITH_TLS = (SecurityProtocol.SSL, SecurityProtocol.SASL_SSL)
_WITHOUT_TLS = (SecurityProtocol.PLAINTEXT, SecurityProtocol.SASL_PLAINTEXT)
_WITH_SASL = (SecurityProtocol.SASL_SSL, SecurityProtocol.SASL_PLAINTEXT)


async def why_unreachable(settings: Settings) -> str:
    """What is wrong with the brokers of the settings; for a person, with what to do."""
    with telling(settings.broker, "asking once more why there is no answer from"):
        reasons = [await _why(settings, address) for address in settings.broker.split(",")]
    told = [reason for reason in reasons if reason is not None]
    if told:
        return told[0]
    return (
        f"no Kafka broker answers at {settings.broker}. Start one, or name another with "
        "LEIMO_BROKER=host:port. To try leimo without one: `leimo demo`."
    )


async def _why(settings: Settings, address: str) -> str | None:
    """None: nothing listens there."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    if not await _listens(host, int(port)):
        return None
    try:
        return await _refusal(settings, host, int(port))
    except (KafkaError, OSError, TimeoutError) as error:
        return _explained(settings, address, error) or await _closed(settings, address, error)


def _explained(settings: Settings, address: str, error: Exception) -> str | None:
    """What the error alone tells; None: nothing."""
    match error:
        case ssl.SSLCertVerificationError():
            return _untrusted(address, error)
        case UnsupportedSaslMechanismError():
            others = [one for one in SaslMechanism if one is not settings.sasl_mechanism]
            return (
                f"{address} does not take {settings.sasl_mechanism}: set LEIMO_SASL_MECHANISM="
                f"{' or '.join(others)}."
            )
        case SaslAuthenticationFailed():
            return (
                f"{address} refused the user {settings.sasl_username!r}: {error}. Mend "
                "LEIMO_SASL_USERNAME, LEIMO_SASL_PASSWORD or LEIMO_SASL_MECHANISM."
            )
    return None


async def _refusal(settings: Settings, host: str, port: int) -> str:
    connection = await create_conn(
        host, port, request_timeout_ms=_ANSWER_S * 1000, **security_options(settings)
    )
    try:
        await connection.send(MetadataRequest([]))
    except KafkaConnectionError:
        # Versions may be asked for by everybody; the next request is where a password is missed.
        return (
            f"{host}:{port} asks for a user and a password: {_set_protocol(*_WITH_SASL)}, "
            "LEIMO_SASL_USERNAME and LEIMO_SASL_PASSWORD."
        )
    finally:
        connection.close()
    return f"{host}:{port} did not answer in time, and does now: try again."


async def _closed(settings: Settings, address: str, error: BaseException) -> str:
    """It hung up, or said nothing."""
    protocol = settings.security_protocol
    if await _speaks_tls(address) != protocol.has_tls:
        if protocol.has_tls:
            return f"{address} does not speak TLS: {_set_protocol(*_WITHOUT_TLS)}."
        return f"{address} speaks TLS: {_set_protocol(*_WITH_TLS)}."
    if protocol.has_sasl:
        without = SecurityProtocol.SSL if protocol.has_tls else SecurityProtocol.PLAINTEXT
        return f"{address} takes no user and password ({error}): {_set_protocol(without)}."
    if protocol.has_tls:
        return (
            f"{address} ended the connection ({error}). It may ask for a certificate of ours: set "
            "LEIMO_SSL_CERT_FILE and LEIMO_SSL_KEY_FILE."
        )
    if isinstance(error, TimeoutError) or not str(error):
        return (
            f"{address} takes connections and does not answer within {_ANSWER_S} s: it is frozen, "
            "overloaded, or no Kafka broker. Look at it, or mend LEIMO_BROKER."
        )
    return (
        f"something listens at {address}, and it is no Kafka broker ({error}). Mend LEIMO_BROKER."
    )


async def _speaks_tls(address: str) -> bool:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # it is only asked
    host, _, port = address.rpartition(":")
    return await _listens(host.strip("[]"), int(port), context)


async def _listens(host: str, port: int, context: ssl.SSLContext | None = None) -> bool:
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(_ANSWER_S):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
        writer.close()
        return True
    return False


def _untrusted(address: str, error: ssl.SSLCertVerificationError) -> str:
    names = " or LEIMO_SSL_CHECK_HOSTNAME=false" if "mismatch" in error.verify_message else ""
    return (
        f"{address} shows a certificate that is not trusted: {error.verify_message}. Set "
        f"LEIMO_SSL_CA_FILE to the authority that signed it{names}."
    )


def _set_protocol(*fitting: SecurityProtocol) -> str:
    return "set LEIMO_SECURITY_PROTOCOL=" + " or ".join(fitting)
