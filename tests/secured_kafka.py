"""Apache Kafka with TLS, passwords and rights: a listener for each way in."""

from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from kafka_io.brokers import HOST, ApacheKafka, free_port

USER, PASSWORD = "leimo", "brand \" and 'buzz'"
GUEST = "guest"
"""Comes in by PLAIN with the same password, and has no rights but those that `allow` gives."""
_LISTENERS = {
    "TLS": "SSL",
    "MUTUAL": "SSL",
    "PASSWORD": "SASL_PLAINTEXT",
    "BOTH": "SASL_SSL",
    "SCRAMONLY": "SASL_PLAINTEXT",
}
_MODULES = "org.apache.kafka.common.security"


@dataclass(frozen=True)
class Certificates:
    """Files in PEM; Kafka wants a key in PKCS #8, before its certificate."""

    authority: Path
    server: Path
    client: Path

    @classmethod
    def made(cls, folder: Path, host: str) -> "Certificates":
        authority = trustme.CA()
        made = cls(folder / "ca.pem", folder / "server.pem", folder / "client.pem")
        authority.cert_pem.write_to_path(made.authority)
        _write_chain(authority.issue_cert(host), made.server)
        _write_chain(authority.issue_cert("leimo@example.org"), made.client)
        return made


class SecuredKafka(ApacheKafka):
    """`at` names the address of each listener. All but the guest may do everything."""

    def __init__(self, certificates: Certificates) -> None:
        super().__init__([free_port()], quick=True)
        self.certificates = certificates
        self._listener_ports = {name: free_port() for name in _LISTENERS}

    def at(self, listener: str) -> str:
        """`tls`, `mutual`, `password`, `both`, or `scramonly`."""
        return f"{HOST}:{self._listener_ports[listener.upper()]}"

    def allow(self, operations: str, *resource: str) -> None:
        """Give the guest rights on a resource, such as `--topic acme.posts.raw`."""
        self._run(
            *("org.apache.kafka.tools.AclCommand", "--bootstrap-server", self.address, "--add"),
            *("--allow-principal", f"User:{GUEST}"),
            *(part for name in operations.split() for part in ("--operation", name)),
            *resource,
        )

    def _format_options(self) -> tuple[str, ...]:
        return tuple(
            f"--add-scram=SCRAM-SHA-{bits}=[name={USER},password={PASSWORD}]" for bits in (256, 512)
        )

    def _properties(self, node: int) -> dict[str, str | int | Path]:
        properties = super()._properties(node)
        ours = {name: f"{name}://{self.at(name)}" for name in _LISTENERS}
        for key in ("listeners", "advertised.listeners"):
            properties[key] = ",".join([str(properties[key]), *ours.values()])
        protocols = [f"{name}:{protocol}" for name, protocol in _LISTENERS.items()]
        known = str(properties["listener.security.protocol.map"])
        properties["listener.security.protocol.map"] = ",".join([known, *protocols])
        for name, protocol in _LISTENERS.items():
            of_listener = f"listener.name.{name.lower()}"
            if "SSL" in protocol:
                properties |= {
                    f"{of_listener}.ssl.keystore.type": "PEM",
                    f"{of_listener}.ssl.keystore.location": self.certificates.server,
                }
            if "SASL" in protocol:
                properties |= _sasl(of_listener, has_plain=name != "SCRAMONLY")
        return properties | {
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": f"User:ANONYMOUS;User:{USER}",
            "listener.name.mutual.ssl.principal.mapping.rules": f"RULE:^.*$/{USER}/",
            "listener.name.mutual.ssl.client.auth": "required",
            "listener.name.mutual.ssl.truststore.type": "PEM",
            "listener.name.mutual.ssl.truststore.location": self.certificates.authority,
        }


def _sasl(of_listener: str, *, has_plain: bool) -> dict[str, str | int | Path]:
    quoted = PASSWORD.replace("\\", "\\\\").replace('"', '\\"')
    users = " ".join(f'user_{name}="{quoted}"' for name in (USER, GUEST))
    plain = f"{_MODULES}.plain.PlainLoginModule required {users};"
    scram = f"{_MODULES}.scram.ScramLoginModule required;"
    mechanisms = ["SCRAM-SHA-256", "SCRAM-SHA-512", *(["PLAIN"] if has_plain else [])]
    modules = {
        f"{of_listener}.{mechanism.lower()}.sasl.jaas.config": (
            plain if mechanism == "PLAIN" else scram
        ).replace("\\", "\\\\")  # a backslash is a sign of the properties file as well
        for mechanism in mechanisms
    }
    return {f"{of_listener}.sasl.enabled.mechanisms": ",".join(mechanisms), **modules}


def _write_chain(issued: trustme.LeafCert, path: Path) -> None:
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)
    pkcs8 = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(pkcs8 + b"".join(blob.bytes() for blob in issued.cert_chain_pems))
