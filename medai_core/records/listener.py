"""A DICOM listener: modalities and the PACS push scans, which are filed and read (C-STORE; C-ECHO answers).

A scan is acknowledged when it is safe in the record. Whatever goes wrong is told to the sender by its status and
stands in the log in one line that names nobody; a sender that was not told success still has the scan.
"""

from __future__ import annotations

import importlib
import logging
import ssl
import time
import traceback
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import AE, StoragePresentationContexts, evt

from medai_core.catalog import Catalog
from medai_core.errors import RecordError
from medai_core.records.receiving import Outcome, receive
from medai_core.records.store import Store

LOG = logging.getLogger("medai.listener")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
ASSOCIATIONS = 8
"""Senders at once; the next is told to come again."""
TIMEOUT_S = 60
VERIFICATION = "1.2.840.10008.1.1"
SYNTAXES = [
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.5",
]
"""What can be decoded: uncompressed, JPEG baseline and lossless, JPEG-LS, JPEG 2000, RLE."""


@dataclass(frozen=True)
class Listening:
    """Where and to whom to listen.

    Attributes
    ----------
    title : the AE title that senders must call.
    allowed : the AE titles that may send; empty for any.
    certificate, key : this side's; ``clients`` : the authorities that senders' certificates must come from.
    """

    address: str = "127.0.0.1"
    port: int = 11112
    title: str = "MEDAI"
    allowed: tuple[str, ...] = ()
    certificate: Path | None = None
    key: Path | None = None
    clients: Path | None = None


def listen(store: Store, models: Catalog, wanted: Listening) -> Any:
    """A server that listens in threads of its own until ``shutdown()``; ``server_address`` is where.

    Raises
    ------
    RecordError : the address is open to others and nobody would have to prove who they are; the port is taken; a
        title or a certificate cannot be used.
    """
    entity = _entity(wanted)
    handlers: list[Any] = [
        (evt.EVT_C_STORE, partial(_stored, store, models)),
        (evt.EVT_REJECTED, _rejected),
        (evt.EVT_RELEASED, _released),
        (evt.EVT_CONN_CLOSE, _closed),
    ]
    security = _security(wanted)
    _warm(models)
    try:
        return entity.start_server(
            (wanted.address, wanted.port), block=False, evt_handlers=handlers, ssl_context=security
        )
    except OSError as error:
        detail = error.strerror or type(error).__name__
        raise RecordError("listen.port", address=wanted.address, port=wanted.port, detail=detail) from error


def _warm(models: Catalog) -> None:
    """Load what reading needs before anybody sends: the first scan is read as fast as the next."""
    importlib.import_module("medai_core.imaging.images.dicom")
    for card in (models.router, *models.trained("classification")):
        models.network(card)


def _entity(wanted: Listening) -> AE:
    try:
        entity = AE(wanted.title)
        entity.require_calling_aet = list(wanted.allowed)
    except ValueError as error:
        raise RecordError("listen.title", title=", ".join((wanted.title, *wanted.allowed))) from error
    entity.require_called_aet = True
    entity.maximum_associations = ASSOCIATIONS
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = TIMEOUT_S
    entity.add_supported_context(VERIFICATION)
    for context in StoragePresentationContexts:
        # Objects that are no images are named in the list too; those are told so when they come.
        entity.add_supported_context(str(context.abstract_syntax), SYNTAXES)
    return entity


class _Unhurried(ssl.SSLContext):
    """Leaves the handshake to the connection's own thread: a sender that says nothing keeps nobody else waiting."""

    def wrap_socket(self, sock: Any, **options: Any) -> Any:  # type: ignore[override]
        """The connection, not yet shaken hands with."""
        sock.settimeout(TIMEOUT_S)
        return super().wrap_socket(sock, **options | {"do_handshake_on_connect": False})


def _security(wanted: Listening) -> ssl.SSLContext | None:
    """TLS in which both sides prove who they are; needed wherever others can reach the port."""
    if wanted.certificate is None or wanted.key is None or wanted.clients is None:
        if wanted.certificate or wanted.key or wanted.clients:
            raise RecordError("listen.certificates")
        if wanted.address not in LOOPBACK:
            raise RecordError("listen.address", address=wanted.address)
        return None
    try:
        context = _Unhurried(ssl.PROTOCOL_TLS_SERVER)
        context.load_verify_locations(wanted.clients)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_cert_chain(wanted.certificate, wanted.key)
    except (OSError, ssl.SSLError) as error:
        raise RecordError("listen.certificate", detail=error.strerror or type(error).__name__) from error
    return context


def _sender(event: Any) -> str:
    """The sender's AE title and address."""
    requestor = event.assoc.requestor
    return f"{requestor.ae_title.strip() or 'a nameless sender'} at {requestor.address}"


def _stored(store: Store, models: Catalog, event: Any) -> Any:
    """One instance: filed, read and answered."""
    start = time.perf_counter()
    try:
        outcome = receive(store, models, event.encoded_dataset())
    except Exception as error:  # a bug must neither end the listener nor look like success
        # Where it happened, but not what it says: that may repeat what the file holds.
        at = traceback.extract_tb(error.__traceback__)[-1]
        fault = f"{type(error).__name__} at {Path(at.filename).name}:{at.lineno}"
        LOG.error(
            "An instance from %s met a fault of this program (%s); the sender was told so.", _sender(event), fault
        )
        return 0x0110
    level = logging.INFO if outcome.status == 0 else logging.WARNING
    took = 1000 * (time.perf_counter() - start)
    facts = (outcome.sha256[:12], _sender(event), outcome.said, outcome.status, took)
    LOG.log(level, "Instance %s from %s: %s (status %04X, %.0f ms).", *facts)
    return _answer(outcome)


def _answer(outcome: Outcome) -> Any:
    """The status, with the sentence where it is not success."""
    if outcome.status == 0:
        return 0
    answer = Dataset()
    answer.Status, answer.ErrorComment = outcome.status, outcome.said[:64]
    return answer


def _rejected(event: Any) -> None:
    asked = event.assoc.requestor.primitive
    title = (asked.called_ae_title or "").strip() if asked else ""
    LOG.warning("%s was turned away: it called '%s', or may not send, or too many send at once.", _sender(event), title)


def _released(event: Any) -> None:
    event.assoc.was_released = True


def _closed(event: Any) -> None:
    """A connection that ends before it was released was cut."""
    if event.assoc.is_acceptor and event.assoc.is_rejected is False and not getattr(event.assoc, "was_released", False):
        LOG.warning(
            "The connection with %s was cut. What was acknowledged is filed; the sender must send the rest again.",
            _sender(event),
        )
