"""The trusted certificates, from PEM files, and the chain from a signer to one of them.

Source: RFC 5280, 6.1, as far as signers of alerts need it. A certificate must be valid at the time
when the alert was sent. Nothing is fetched: no revocation list, no missing certificate.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from eas_station.capd.feed.optional_library import library
from eas_station.errors import FeedError

SUFFIXES = (".pem", ".crt", ".cer")
MAX_FILE_BYTES = 1 << 20
MAX_CHAIN = 6
LEAST_RSA_BITS = 2048
LEAST_CURVE_BITS = 256
_HASHES = ("sha256", "sha384", "sha512")
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_UNDERSTOOD = (  # critical extensions that are checked here or do not apply to signers
    *("2.5.29.15", "2.5.29.19", "2.5.29.37"),  # keyUsage, basicConstraints, extKeyUsage
    *("2.5.29.17", "2.5.29.32"),  # subjectAltName, certificatePolicies
)


class NotTrusted(Exception):
    """A signer is not trusted; says why."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate, read once."""

    der: bytes
    common_name: str
    subject: bytes  # DER of the names, for comparison
    issuer: bytes
    not_before: datetime
    not_after: datetime
    may_sign: bool  # messages: keyUsage digitalSignature, or no keyUsage
    may_issue: bool  # certificates: basicConstraints, and keyUsage where it is there
    longest_path: int | None  # of issuers below it; None: any
    fault: str | None  # why it is not accepted from any issuer
    loaded: Any  # by cryptography.x509

    def check_time(self, at: datetime) -> None:
        """Raise NotTrusted if it was not valid at this time."""
        if at > self.not_after:
            raise NotTrusted(
                f"certificate expired at sent: {self.common_name} on {self.not_after:%Y-%m-%d}"
            )
        if at < self.not_before:
            raise NotTrusted(
                f"certificate not yet valid at sent: {self.common_name} from"
                f" {self.not_before:%Y-%m-%d}"
            )


@dataclass(frozen=True, slots=True)
class TrustStore:
    """The certificates that the operator trusts."""

    anchors: tuple[Certificate, ...]

    def signer(
        self, sent_along: Sequence[bytes], at: datetime, name: re.Pattern[str] | None
    ) -> Certificate:
        """The certificate of a trusted signer. Raises NotTrusted.

        Args:
            sent_along: DER, the signer's own and those that lead to ours, in any order.
            at: the time at which all of them must be valid.
            name: the pattern of its common name; None: any.
        """
        known = [certificate(der) for der in sent_along]
        issuers = {one.issuer for one in known if one.issuer != one.subject}
        leaves = [one for one in known if one.subject not in issuers]
        if len(leaves) != 1:
            raise NotTrusted("the signature has several certificates and none is the signer's")
        leaf = leaves[0]
        self._follow(leaf, [one for one in known if one is not leaf], at)
        if not leaf.may_sign:
            raise NotTrusted(f"the certificate of {leaf.common_name} is not for signing messages")
        if name is not None and name.fullmatch(leaf.common_name) is None:
            raise NotTrusted(f"{leaf.common_name[:60]} is not a signer of this feed")
        return leaf

    def expiring(self, now: datetime, within_days: int) -> tuple[str, ...]:
        """A sentence for each certificate that expires soon or has expired."""
        sentences = []
        for anchor in sorted(self.anchors, key=lambda one: one.not_after):
            days = (anchor.not_after - now).days
            if anchor.not_after <= now:
                sentences.append(f"{anchor.common_name} expired on {anchor.not_after:%Y-%m-%d}")
            elif days <= within_days:
                sentences.append(
                    f"{anchor.common_name} expires on {anchor.not_after:%Y-%m-%d}, in {days} days"
                )
        return tuple(sentences)

    def _follow(self, leaf: Certificate, between: Sequence[Certificate], at: datetime) -> None:
        """Follow the issuers from the signer to a trusted certificate. Raises NotTrusted."""
        current = leaf
        for depth in range(MAX_CHAIN):
            _check(current, at)
            if any(current.der == anchor.der for anchor in self.anchors):
                return
            issuer = _issuer(current, (*self.anchors, *between), depth)
            if issuer is None:
                break
            current = issuer
        raise NotTrusted(f"signer chain not trusted: {leaf.common_name[:60]}")


def _check(one: Certificate, at: datetime) -> None:
    if one.fault is not None:
        raise NotTrusted(f"the certificate of {one.common_name[:60]} {one.fault}")
    one.check_time(at)


def _issuer(of: Certificate, among: Iterable[Certificate], depth: int) -> Certificate | None:
    """The issuer of a certificate. `depth`: how many issuers are below that one."""
    for one in among:
        if one.subject != of.issuer or one.der == of.der or not one.may_issue:
            continue
        if one.longest_path is not None and depth > one.longest_path:
            continue
        if _issued(one, of):
            return one
    return None


def _issued(issuer: Certificate, of: Certificate) -> bool:
    wrong = library("cryptography.exceptions", "python3-cryptography")
    try:
        of.loaded.verify_directly_issued_by(issuer.loaded)
    except (ValueError, TypeError, wrong.InvalidSignature, wrong.UnsupportedAlgorithm):
        return False
    return True


def certificate(der: bytes) -> Certificate:
    """Read a certificate. Raises NotTrusted, and NotInstalled without the library."""
    x509 = library("cryptography.x509", "python3-cryptography")
    unsupported = library("cryptography.exceptions", "python3-cryptography").UnsupportedAlgorithm
    strange = (ValueError, TypeError, x509.DuplicateExtension, x509.InvalidVersion, unsupported)
    try:
        return _read(x509, x509.load_der_x509_certificate(der), der)
    except strange as error:
        raise NotTrusted(f"a certificate that cannot be read: {str(error)[:80]}") from error


def _read(x509: Any, loaded: Any, der: bytes) -> Certificate:
    extensions = {one.oid.dotted_string: one for one in loaded.extensions}
    usage = extensions.get("2.5.29.15")
    basic = extensions.get("2.5.29.19")
    issues = basic is not None and basic.value.ca
    names = loaded.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return Certificate(
        der=der,
        common_name=str(names[0].value) if names else "a nameless certificate",
        subject=loaded.subject.public_bytes(),
        issuer=loaded.issuer.public_bytes(),
        not_before=_utc(loaded, "not_valid_before"),
        not_after=_utc(loaded, "not_valid_after"),
        may_sign=usage is None or usage.value.digital_signature,
        may_issue=issues and (usage is None or usage.value.key_cert_sign),
        longest_path=basic.value.path_length if basic is not None else None,
        fault=_fault(loaded, extensions),
        loaded=loaded,
    )


def _fault(loaded: Any, extensions: dict[str, Any]) -> str | None:
    """Why a certificate is not accepted."""
    hashed = loaded.signature_hash_algorithm
    if hashed is None or hashed.name not in _HASHES:
        return "is signed with a weak algorithm"
    key = loaded.public_key()
    least = LEAST_CURVE_BITS if hasattr(key, "curve") else LEAST_RSA_BITS
    if getattr(key, "key_size", 0) < least:
        return "has a weak key"
    for oid, extension in extensions.items():
        if extension.critical and oid not in _UNDERSTOOD:
            return f"requires {oid}, which is not supported"
    return None


def _utc(loaded: Any, name: str) -> datetime:
    """A time of a certificate; before cryptography 42 it had no zone."""
    aware: datetime | None = getattr(loaded, f"{name}_utc", None)
    if aware is not None:
        return aware
    naive: datetime = getattr(loaded, name)
    return naive.replace(tzinfo=UTC)


def read_store(path: Path) -> TrustStore:
    """The certificates of a PEM file, or of every one in a folder. Raises FeedError.

    NotInstalled is raised without the library.
    """
    try:
        files = [path]
        if path.is_dir():
            files = sorted(one for one in path.iterdir() if one.suffix.lower() in SUFFIXES)
        texts = [(one, one.read_bytes()[: MAX_FILE_BYTES + 1]) for one in files]
    except OSError as error:
        raise FeedError(f"the trust store {path} cannot be read: {error.strerror}") from error
    found: dict[bytes, Certificate] = {}
    for file, text in texts:
        for one in _from_pem(file, text):
            found[one.der] = one
    if not found:
        raise FeedError(f"the trust store {path} holds no certificate")
    return TrustStore(tuple(found.values()))


def _from_pem(file: Path, text: bytes) -> list[Certificate]:
    x509 = library("cryptography.x509", "python3-cryptography")
    serialization = library("cryptography.hazmat.primitives.serialization", "python3-cryptography")
    if len(text) > MAX_FILE_BYTES:
        raise FeedError(f"{file} is too long to be a certificate")
    found = []
    for match in _PEM.finditer(text):
        try:
            loaded = x509.load_pem_x509_certificate(match.group(0))
            found.append(certificate(loaded.public_bytes(serialization.Encoding.DER)))
        except (ValueError, NotTrusted) as error:
            raise FeedError(f"{file}: a certificate that cannot be read: {error}") from error
    return found
