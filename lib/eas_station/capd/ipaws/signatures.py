"""Signatures of alerts, verified over their bytes by xmlsec.

Source: 47 CFR 11.56(c): an alert with an invalid signature must not be relayed.
The bytes that are verified are those that are read: one alert, cut out of its envelope.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lxml import etree

from eas_station.cap.limits import ParseLimits
from eas_station.cap.xml import signature, tree
from eas_station.cap.xml.signature import Claim
from eas_station.capd.feed.optional_library import NotInstalled, library
from eas_station.capd.ipaws import trust
from eas_station.capd.ipaws.trust import Certificate, NotTrusted, TrustStore
from eas_station.errors import CapError, FeedError

log = logging.getLogger(__name__)

IPAWS_SIGNER = re.compile("IPAWSOPEN_?[0-9]{1,12}([_ ].*)?")  # the common name of its signers
WARNED_DAYS = 60

VALID = "valid"


class Verifier:
    """Verifies the signatures of one feed. The trust store is read again when it changes."""

    def __init__(
        self,
        store: Path | None,
        now: Callable[[], datetime],
        signer: re.Pattern[str] | None = IPAWS_SIGNER,
    ) -> None:
        """
        Args:
            store: a PEM file, or a folder of them; None: there is none.
            signer: the pattern of a signer's common name.
        """
        self.note = ""  # for the operator
        self._path = store
        self._now = now
        self._signer = signer
        self._stamp: object = None
        self._loaded: _Loaded | None = None
        self._logged = ""

    def refresh(self) -> None:
        """Read the trust store if it changed; to be called once per poll."""
        try:
            stamp = _stamp(self._path)
            if self._loaded is None or stamp != self._stamp:
                self._loaded = _load(self._path)
            self._stamp = stamp
        except (NotInstalled, FeedError) as error:
            self._loaded = None
            self._report(f"signatures are not verified: {error}")
            return
        expiring = self._loaded.store.expiring(self._now(), WARNED_DAYS)
        self._report(f"trust store: {'; '.join(expiring)}" if expiring else "")

    def verdict(self, data: bytes, sent_at: datetime) -> str:
        """The result for an alert: "valid", "invalid: why" or "unchecked: why".

        Args:
            data: the alert alone, byte for byte as it was sent.
            sent_at: its own time, which the signature covers.
        """
        if self._loaded is None:
            return f"unchecked: {self.note.partition(': ')[2] or 'no trust store was read'}"
        try:
            root = tree.parse(data, ParseLimits())
            claim = signature.read(root)
            if claim is None:
                return "invalid: not signed"
            signer = self._loaded.store.signer(claim.certificates, sent_at, self._signer)
            return _arithmetic(self._loaded.xmlsec, root, claim, signer)
        except (CapError, NotTrusted) as error:
            return f"invalid: {error}"

    def _report(self, note: str) -> None:
        if note and note != self._logged:
            log.warning("%s", note)
        elif self._logged and not note:
            log.info("signatures are verified")
        self.note = self._logged = note


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What verification needs."""

    xmlsec: Any
    store: TrustStore


def _load(path: Path | None) -> _Loaded:
    """Raises NotInstalled, FeedError."""
    if path is None:
        raise FeedError("trust_store is not configured")
    return _Loaded(library("xmlsec", "python3-xmlsec"), trust.read_store(path))


def _stamp(path: Path | None) -> object:
    """Differs after each change of the trust store. Raises FeedError."""
    if path is None:
        return None
    try:
        files = [path, *sorted(path.iterdir())] if path.is_dir() else [path]
        return [(one.name, one.stat().st_mtime_ns, one.stat().st_size) for one in files]
    except OSError as error:
        raise FeedError(f"the trust store {path} cannot be read: {error.strerror}") from error


def _arithmetic(xmlsec: Any, root: etree._Element, claim: Claim, signer: Certificate) -> str:
    """Verify that the signature belongs to these bytes and to this signer."""
    context = xmlsec.SignatureContext()
    try:
        context.key = xmlsec.Key.from_memory(signer.der, xmlsec.constants.KeyDataFormatCertDer)
        context.verify(claim.element)
    except xmlsec.Error:
        return f"invalid: {_what_differs(root, claim)}"
    return VALID


def _what_differs(root: etree._Element, claim: Claim) -> str:
    """Why xmlsec refused a signature: the alert was changed, or the signature is forged."""
    tail = claim.element.tail or ""
    previous = claim.element.getprevious()
    root.remove(claim.element)  # lxml removes the text behind it too
    if previous is None:
        root.text = (root.text or "") + tail
    else:
        previous.tail = (previous.tail or "") + tail
    covered = etree.tostring(root, method="c14n", exclusive=claim.exclusive, with_comments=False)
    if hashlib.new(claim.digest, covered).digest() != claim.digest_value:
        return "digest mismatch: the alert was changed after it was signed"
    return "the signature value does not belong to the signer's key"
