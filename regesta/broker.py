"""A Kafka cluster as this process reaches it, and what is told when it cannot. Imported only where it is used."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from traceback import walk_tb
from typing import Any, Final

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    UnsupportedSaslMechanismError,
)

from regesta.bus import Standstill
from regesta.errors import Misconfigured
from regesta.reasons import Cause
from regesta.settings import Settings

REQUEST_MS: Final = 10_000
REACH_MS: Final = 5_000
ALERT_SECONDS: Final = 1.0
MECHANISM: Final = "SCRAM-SHA-512"
REFUSED: Final = (
    AuthenticationFailedError, ClusterAuthorizationFailedError, GroupAuthorizationFailedError, IllegalSaslStateError, SaslAuthenticationFailed,
    TopicAuthorizationFailedError, UnsupportedSaslMechanismError, ssl.SSLError,
)  # fmt: skip
TOO_LARGE: Final = (MessageSizeTooLargeError, RecordListTooLargeError)


@dataclass(frozen=True, slots=True)
class Broker:
    """Where a cluster is. prefix: of its topics' names. options: what each client of it is made with, the password too."""

    bootstrap: str
    prefix: str
    options: Mapping[str, Any] = field(repr=False)

    def topic(self, service: str) -> str:
        """Return the name of the topic of a service's log."""
        return f"{self.prefix}.{service}.v1"

    @contextmanager
    def told(self) -> Iterator[None]:
        """Raise Standstill, with where the broker is and why, for what a client of it raises."""
        try:
            yield
        except REFUSED as error:
            why = str(error) or type(error).__name__
            raise Standstill(Cause.BROKER_REFUSED, f"the broker {self.bootstrap} cannot be used: {why}") from error
        except TOO_LARGE as error:
            told = (
                f"the broker {self.bootstrap} takes no record of this size: {error}; see max.message.bytes of the topic"
            )
            raise Standstill(Cause.TOPIC_WRONG, told) from error
        except (KafkaError, OSError, TimeoutError) as error:
            why = str(error) or type(error).__name__
            raise Standstill(Cause.BROKER_AWAY, f"the broker {self.bootstrap} does not answer: {why}") from error
        except Exception as error:
            if not _is_of_client(error):
                raise
            told = f"the client of the broker {self.bootstrap} failed: {error!r}"
            raise Standstill(Cause.BROKER_AWAY, told) from error

    async def reach(self) -> None:
        """Return when one of its nodes lets this process in. Raises Standstill with what the last one said.

        The clients themselves tell only that they reached none.
        """
        with self.told():
            said: Exception = TimeoutError("it has no address")
            for host, port, _ in collect_hosts(self.bootstrap):
                try:
                    connection = await create_conn(host, port, request_timeout_ms=REACH_MS, **self.options)
                except (KafkaError, OSError, TimeoutError) as error:
                    said = await self._alert(host, port) or self._hinted(error)
                else:
                    connection.close()
                    return
            raise said

    def _hinted(self, error: Exception) -> Exception:
        """Return an error, with what it may mean where a node closed the connection before it said a word."""
        if not isinstance(error, ConnectionResetError | KafkaConnectionError):
            return error
        may_be = "has no TLS" if "ssl_context" in self.options else "has TLS, or asks for a user"
        return ConnectionResetError(f"{str(error) or 'it closed the connection'}; it may be that its listener {may_be}")

    async def _alert(self, host: str, port: int) -> ssl.SSLError | None:
        """Return what a node objects to the certificate that this process shows, or to that it shows none; None without TLS or objection.

        A node says so behind the handshake, and the clients only tell then that the connection was closed.
        """
        context = self.options.get("ssl_context")
        if context is None:
            return None
        try:
            async with asyncio.timeout(ALERT_SECONDS):
                reader, writer = await asyncio.open_connection(host, port, ssl=context)
                try:
                    await reader.read(1)
                finally:
                    writer.close()
        except ssl.SSLError as error:
            return error
        except (OSError, TimeoutError):
            return None
        return None


def _is_of_client(error: Exception) -> bool:
    """Return whether an error is the client's own, as where it forgets a connection while somebody waits for its answer."""
    names = [frame.f_globals.get("__name__", "").partition(".")[0] for frame, _ in walk_tb(error.__traceback__)]
    return [name for name in names if name in {"aiokafka", "regesta"}][-1:] == ["aiokafka"]


def broker_of(settings: Settings) -> Broker:
    """Return the broker that the settings name. Raises Misconfigured."""
    # It would tell each attempt to reach a node; here it is told once, with what to do.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    if not settings.kafka_bootstrap:
        raise Misconfigured("REGESTA_KAFKA_BOOTSTRAP must name the broker, for REGESTA_CARRIER is kafka")
    _require_addresses(settings.kafka_bootstrap)
    # Who passes on a setting that he has not gives an empty one.
    user, password = settings.kafka_user, settings.kafka_password and settings.kafka_password.get_secret_value()
    if bool(user) != bool(password):
        raise Misconfigured("REGESTA_KAFKA_USER and REGESTA_KAFKA_PASSWORD come together")
    if settings.kafka_key_file is not None and settings.kafka_cert_file is None:
        raise Misconfigured("REGESTA_KAFKA_KEY_FILE comes with REGESTA_KAFKA_CERT_FILE")
    secured = settings.kafka_tls or settings.kafka_ca_file is not None or settings.kafka_cert_file is not None
    options: dict[str, Any] = {"security_protocol": "SSL" if secured else "PLAINTEXT"}
    if secured:
        options["ssl_context"] = _context(settings)
    if user and password:
        options |= {
            "security_protocol": "SASL_SSL" if secured else "SASL_PLAINTEXT",
            "sasl_mechanism": MECHANISM,
            "sasl_plain_username": user,
            "sasl_plain_password": password,
        }
    return Broker(settings.kafka_bootstrap, settings.kafka_prefix, options)


def _require_addresses(bootstrap: str) -> None:
    """Raise Misconfigured unless a setting is addresses, host:port,..."""
    try:
        places = collect_hosts(bootstrap)
    except ValueError:
        places = []
    if not places or not all(host and 0 < port < 65536 for host, port, _ in places):
        raise Misconfigured(f"REGESTA_KAFKA_BOOTSTRAP must be host:port,..., and is {bootstrap!r}")


def _context(settings: Settings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.kafka_ca_file)
    except OSError as error:
        raise Misconfigured(f"REGESTA_KAFKA_CA_FILE {str(settings.kafka_ca_file)!r} cannot be read: {error}") from error
    if settings.kafka_cert_file is not None:
        try:
            # Without a password a key that needs one would ask for it on the terminal.
            context.load_cert_chain(settings.kafka_cert_file, settings.kafka_key_file, password="")
        except OSError as error:
            files = f"REGESTA_KAFKA_CERT_FILE and REGESTA_KAFKA_KEY_FILE {str(settings.kafka_cert_file)!r}"
            raise Misconfigured(f"{files} cannot be used: {error}") from error
    return context
