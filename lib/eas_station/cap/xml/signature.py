"""The form of an XML signature in a CAP alert: what it covers, and its certificates.

Source: W3C XML Signature (2008), 4.3 and 4.4; 47 CFR 11.56(c). A signature proves
nothing about what it does not cover, so it must cover exactly the alert, by one enveloped
reference, and stand directly in it. Nothing here checks the arithmetic.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from eas_station.cap.xml import tree
from eas_station.errors import CapError

NAMESPACE = "http://www.w3.org/2000/09/xmldsig#"
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_ENVELOPED = NAMESPACE + "enveloped-signature"
_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
_CANONICAL: Mapping[str, bool] = {  # without comments; whether it is the exclusive one
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315": False,
    "http://www.w3.org/2006/12/xml-c14n11": False,
    _EXCLUSIVE: True,
}
_SIGNATURE_METHODS = tuple(
    f"{_MORE}{key}-{digest}"
    for key in ("rsa", "ecdsa")
    for digest in ("sha256", "sha384", "sha512")
)
DIGESTS: Mapping[str, str] = {  # by hashlib's name
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    _MORE + "sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
}
MAX_CERTIFICATES = 8
MAX_CERTIFICATE_CHARS = 20_000


@dataclass(frozen=True, slots=True)
class Claim:
    """A signature of an acceptable form. Its arithmetic is not checked here."""

    element: etree._Element
    certificates: tuple[bytes, ...]  # DER, in the order sent
    digest: str  # of the alert without its signature: hashlib's name
    digest_value: bytes
    exclusive: bool  # by exclusive canonicalization; else by the inclusive one


def read(root: etree._Element) -> Claim | None:
    """The signature of an alert; None if it has none. Raises CapError on an unacceptable form."""
    found = list(root.iter(f"{{{NAMESPACE}}}Signature"))
    if not found:
        return None
    if len(found) > 1:
        raise CapError("more than one signature")
    element = found[0]
    if element.getparent() is not root or tree.split(root)[1] != "alert":
        raise CapError("wrapped: the signature does not stand directly in the alert")
    for inner in element.iter():
        if not isinstance(inner.tag, str) or tree.split(inner)[0] not in (NAMESPACE, _EXCLUSIVE):
            raise CapError("wrapped: something else stands inside the signature")
    parts = _children(element, ("SignedInfo", "SignatureValue", "KeyInfo"))
    signed_info = _children(
        parts["SignedInfo"], ("CanonicalizationMethod", "SignatureMethod", "Reference")
    )
    _canonical(signed_info["CanonicalizationMethod"])
    _allowed(signed_info["SignatureMethod"], _SIGNATURE_METHODS)
    _base64(parts["SignatureValue"], "SignatureValue")
    return _claim(element, signed_info["Reference"], _certificates(parts["KeyInfo"]))


def _claim(
    element: etree._Element, reference: etree._Element, certificates: tuple[bytes, ...]
) -> Claim:
    """The claim of a reference, which must cover the whole alert."""
    uri = reference.get("URI")
    if uri != "":
        raise CapError(f"the signature does not cover the alert, but {str(uri)[:60]!r}")
    parts = _children(reference, ("Transforms", "DigestMethod", "DigestValue"))
    digest = DIGESTS[_allowed(parts["DigestMethod"], tuple(DIGESTS))]
    value = _base64(parts["DigestValue"], "DigestValue")
    return Claim(element, certificates, digest, value, _transforms(parts["Transforms"]))


def _transforms(transforms: etree._Element) -> bool:
    """Whether the alert is canonicalized exclusively. No transform may select or rewrite parts.

    Only the enveloped signature itself is taken out.
    """
    steps = [step for _, _, step in tree.children(transforms)]
    names = [step.get("Algorithm", "") for step in steps]
    if names[:1] != [_ENVELOPED] or len(names) > 2 or len(steps[0]):
        raise CapError(f"transforms that are not allowed: {', '.join(map(_short, names))[:120]}")
    return _canonical(steps[1]) if len(steps) == 2 else False


def _canonical(method: etree._Element) -> bool:
    """Whether a canonicalization is the exclusive one."""
    name = method.get("Algorithm", "")
    if name not in _CANONICAL:
        raise CapError(f"canonicalization {_short(name)} not in the allowed list")
    for namespace, inner, _ in tree.children(method):
        if (namespace, inner) != (_EXCLUSIVE, "InclusiveNamespaces"):
            raise CapError(f"a parameter {inner[:40]!r} of the canonicalization")
    return _CANONICAL[name]


def _allowed(method: etree._Element, names: tuple[str, ...]) -> str:
    name = method.get("Algorithm", "")
    if name not in names:
        weak = "weak " if name.endswith(("sha1", "md5")) else ""
        raise CapError(f"{weak}algorithm {_short(name)} not in the allowed list")
    if len(method):
        raise CapError(f"a parameter of {_short(name)}")
    return name


def _certificates(key_info: etree._Element) -> tuple[bytes, ...]:
    """The signer's certificate and the chain sent with it."""
    found = [
        _base64(element, "X509Certificate")
        for element in key_info.iter(f"{{{NAMESPACE}}}X509Certificate")
    ]
    if not found:
        raise CapError("the signature names no certificate")
    if len(found) > MAX_CERTIFICATES:
        raise CapError(f"{len(found)} certificates in one signature")
    return tuple(found)


def _children(element: etree._Element, names: tuple[str, ...]) -> dict[str, etree._Element]:
    """The children, which must be exactly these, in this order, each once."""
    children = [(namespace, name, child) for namespace, name, child in tree.children(element)]
    if [(namespace, name) for namespace, name, _ in children] != [(NAMESPACE, n) for n in names]:
        there = ", ".join(name for _, name, _ in children)
        raise CapError(f"{tree.split(element)[1]} holds {there[:120] or 'nothing'}")
    return {name: child for _, name, child in children}


def _base64(element: etree._Element, name: str) -> bytes:
    text = "".join(tree.text(element).split())
    if not text or len(text) > MAX_CERTIFICATE_CHARS:
        raise CapError(f"{name} has {len(text)} characters")
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise CapError(f"{name} is not base64") from error
    if base64.b64encode(value).decode() != text:
        raise CapError(f"{name} has bits behind its end: it was changed")
    return value


def _short(name: str) -> str:
    """The short name of an algorithm: the last part of its URI."""
    return name.rpartition("#")[2].rpartition("/")[2][:40] or "without a name"
