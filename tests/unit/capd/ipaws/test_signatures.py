"""Signatures of alerts: real arithmetic, by a throw-away authority, and every way to cheat."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from eas_station.cap.documents import document
from eas_station.cap.xml import cut
from eas_station.capd.ipaws.signatures import Verifier

CAP = Path(__file__).resolve().parents[5] / "shared" / "cap"
SYNTHETIC = CAP / "synthetic_ipaws"
shared = pytest.mark.skipif(not SYNTHETIC.is_dir(), reason=f"{SYNTHETIC} is not there")

xmlsec = pytest.importorskip("xmlsec", reason="xmlsec is not installed")
x509 = pytest.importorskip("cryptography.x509", reason="cryptography is not installed")
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec, rsa  # noqa: E402

NOW = datetime(2026, 4, 20, 16, 6, tzinfo=UTC)
SENT = "2026-04-20T11:05:02-05:00"
NS = "http://www.w3.org/2000/09/xmldsig#"
CAP12 = "urn:oasis:names:tc:emergency:cap:1.2"
EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"
ALERT = f"""<alert xmlns="{CAP12}"><identifier>A-1</identifier><sender>a@example.gov</sender>\
<sent>{SENT}</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope>\
<info><category>Safety</category><event>Test</event><urgency>Immediate</urgency>\
<severity>Severe</severity><certainty>Observed</certainty></info></alert>"""


class Authority:
    """Issues certificates and signs alerts with them."""

    def __init__(self, name: str = "Root") -> None:
        self.keys: dict[bytes, Any] = {}
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.leaf_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.name = _name(name)
        self.root = self._build(self.name, self.key, self.name, self.key, is_ca=True)

    def issue(
        self,
        name: str = "IPAWSOPEN_120001",
        *,
        is_ca: bool = False,
        by: Any = None,
        years: tuple[int, int] = (2024, 2036),
        key: Any = None,
        usage: str = "digital_signature",
        path_length: int | None = None,
        critical: bool = False,
        digest: Any = None,
    ) -> Any:
        """A certificate: of ours, or of an intermediate authority `by` that we issued."""
        key = key or self.leaf_key
        signer = self.key if by is None else self.keys[_der(by)]
        issuer = self.name if by is None else by.subject
        made = self._build(
            _name(name), key, issuer, signer, is_ca=is_ca, years=years, usage=usage,
            path_length=path_length, critical=critical, digest=digest,
        )  # fmt: skip
        self.keys[_der(made)] = key
        return made

    def sign(
        self,
        *certificates: Any,
        alert: str = ALERT,
        uri: str | None = "",
        method: Any = None,
        change: Callable[[Any], None] = lambda signature: None,
    ) -> bytes:
        """The alert with an enveloped signature of the first certificate's key."""
        root = etree.fromstring(alert.encode())
        signature = xmlsec.template.create(
            root,
            xmlsec.constants.TransformExclC14N,
            method or xmlsec.constants.TransformRsaSha256,
        )
        root.append(signature)
        reference = xmlsec.template.add_reference(
            signature, xmlsec.constants.TransformSha256, uri=uri
        )
        xmlsec.template.add_transform(reference, xmlsec.constants.TransformEnveloped)
        info = etree.SubElement(signature, f"{{{NS}}}KeyInfo")
        data = etree.SubElement(info, f"{{{NS}}}X509Data")
        for certificate in certificates:
            text = base64.b64encode(_der(certificate)).decode()
            etree.SubElement(data, f"{{{NS}}}X509Certificate").text = text
        change(signature)
        context = xmlsec.SignatureContext()
        pem = self.keys[_der(certificates[0])].private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        context.key = xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatPem)
        context.sign(signature)
        return etree.tostring(root)

    def _build(
        self, subject: Any, key: Any, issuer: Any, signer: Any, *, is_ca: bool,
        years: tuple[int, int] = (2020, 2040), usage: str = "digital_signature",
        path_length: int | None = None, critical: bool = False, digest: Any = None,
    ) -> Any:  # fmt: skip
        names = (
            "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
            "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
        )  # fmt: skip
        used = dict.fromkeys(names, False) | {"key_cert_sign" if is_ca else usage: True}
        built = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(datetime(years[0], 1, 1, tzinfo=UTC))
            .not_valid_after(datetime(years[1], 1, 1, tzinfo=UTC))
            .add_extension(x509.BasicConstraints(is_ca, path_length), critical=True)
            .add_extension(x509.KeyUsage(**used), critical=True)
        )
        if critical:
            strange = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
            built = built.add_extension(strange, critical=True)
        return built.sign(signer, digest or hashes.SHA256())


def _name(name: str) -> Any:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _der(certificate: Any) -> bytes:
    encoded: bytes = certificate.public_bytes(serialization.Encoding.DER)
    return encoded


def _pem(*certificates: Any) -> bytes:
    return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in certificates)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def verdict(authority: Authority, tmp_path: Path) -> Callable[..., str]:
    """What is thought of a document by somebody who trusts these, or the authority alone."""

    def judge(data: bytes, *trusted: Any, sent: str = SENT) -> str:
        store = tmp_path / "trust.pem"
        store.write_bytes(_pem(*(trusted or (authority.root,))))
        verifier = Verifier(store, lambda: NOW)
        verifier.refresh()
        return verifier.verdict(data, datetime.fromisoformat(sent))

    return judge


Judge = Callable[..., str]


def edited(data: bytes, change: Callable[[Any, Any], None]) -> bytes:
    """A signed alert that somebody has worked on: root and signature are given to `change`."""
    root = etree.fromstring(data)
    change(root, root.find(f"{{{NS}}}Signature"))
    return etree.tostring(root)


def test_an_alert_that_is_signed_as_ipaws_does_is_valid(
    authority: Authority, verdict: Judge
) -> None:
    assert verdict(authority.sign(authority.issue())) == "valid"


def test_fema_writes_the_common_name_without_a_line_too(
    authority: Authority, verdict: Judge
) -> None:
    assert verdict(authority.sign(authority.issue("IPAWSOPEN201971"))) == "valid"


def test_another_common_name_is_no_signer_of_ipaws(authority: Authority, verdict: Judge) -> None:
    for name in ("example.org", "XIPAWSOPEN_1", "IPAWSOPEN_", "IPAWSOPEN_1\nx"):
        data = authority.sign(authority.issue(name))
        assert verdict(data) == f"invalid: {name} is not a signer of this feed"


def test_elliptic_curves_are_as_good(authority: Authority, verdict: Judge) -> None:
    leaf = authority.issue(key=ec.generate_private_key(ec.SECP256R1()))
    method = xmlsec.constants.TransformEcdsaSha256
    assert verdict(authority.sign(leaf, method=method)) == "valid"


def test_a_chain_through_an_issuer_that_came_along_is_followed(
    authority: Authority, verdict: Judge
) -> None:
    issuer = authority.issue("Issuer", is_ca=True)
    leaf = authority.issue(by=issuer)
    assert verdict(authority.sign(leaf, issuer)) == "valid"
    assert verdict(authority.sign(leaf)).startswith("invalid: signer chain not trusted")
    assert verdict(authority.sign(leaf), authority.root, issuer) == "valid"


def test_a_signer_that_is_itself_in_the_store_is_believed(
    authority: Authority, verdict: Judge
) -> None:
    leaf = authority.issue()
    assert verdict(authority.sign(leaf), leaf) == "valid"


def test_a_leaf_can_issue_nothing(authority: Authority, verdict: Judge) -> None:
    thief = authority.issue("IPAWSOPEN_1")
    forged = authority.issue(by=thief)
    assert verdict(authority.sign(forged, thief)).startswith("invalid: signer chain not trusted")


def test_a_path_that_is_longer_than_an_issuer_allows_is_not_followed(
    authority: Authority, verdict: Judge
) -> None:
    last = authority.issue("Last", is_ca=True, path_length=0)
    more = authority.issue("More", is_ca=True, by=last)
    leaf = authority.issue(by=more)
    assert verdict(authority.sign(leaf, more, last)).startswith("invalid: signer chain not trust")
    assert verdict(authority.sign(authority.issue(by=last), last)) == "valid"


def test_an_authority_with_the_same_name_is_another_one(
    authority: Authority, verdict: Judge
) -> None:
    other = Authority()
    data = other.sign(other.issue(), other.issue("x", is_ca=True))
    assert verdict(data).startswith("invalid: ")
    assert verdict(other.sign(other.issue())).startswith("invalid: signer chain not trusted")


@pytest.mark.parametrize(
    ("years", "said"),
    [
        ((2020, 2023), "invalid: certificate expired at sent: IPAWSOPEN_120001 on 2023-01-01"),
        (
            (2027, 2030),
            "invalid: certificate not yet valid at sent: IPAWSOPEN_120001 from 2027-01-01",
        ),
    ],
)
def test_a_certificate_is_judged_at_the_time_of_sending(
    authority: Authority, verdict: Judge, years: tuple[int, int], said: str
) -> None:
    data = authority.sign(authority.issue(years=years))
    assert verdict(data) == said
    assert verdict(data, sent=f"{years[0]}-06-01T00:00:00Z") == "valid"


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"usage": "key_encipherment"}, "is not for signing messages"),
        ({"critical": True}, "requires 1.2.3.4, which is not supported"),
        ({"key": rsa.generate_private_key(public_exponent=65537, key_size=1024)}, "a weak key"),
    ],
)
def test_a_certificate_with_a_fault_proves_nothing(
    authority: Authority, verdict: Judge, keys: dict[str, Any], said: str
) -> None:
    assert said in verdict(authority.sign(authority.issue(**keys)))


def test_a_word_that_was_changed_is_a_digest_that_does_not_fit(
    authority: Authority, verdict: Judge
) -> None:
    data = authority.sign(authority.issue()).replace(b"Immediate", b"Future")
    assert verdict(data).startswith("invalid: digest mismatch")


def test_a_signature_value_of_another_key_is_told_apart(
    authority: Authority, verdict: Judge
) -> None:
    leaf = authority.issue(key=rsa.generate_private_key(public_exponent=65537, key_size=2048))

    def swap(signature: Any) -> None:
        other = base64.b64encode(_der(leaf)).decode()
        signature.find(f".//{{{NS}}}X509Certificate").text = other

    data = authority.sign(authority.issue(), change=swap)
    assert verdict(data) == "invalid: the signature value does not belong to the signer's key"


def test_an_alert_without_a_signature_is_not_signed(verdict: Judge) -> None:
    assert verdict(ALERT.encode()) == "invalid: not signed"


def _wrap(root: Any, signature: Any) -> None:
    """The signed alert is moved into the signature of a forged one."""
    original = etree.fromstring(etree.tostring(root))
    root.find(f"{{{CAP12}}}identifier").text = "FORGED"
    etree.SubElement(signature, f"{{{NS}}}Object").append(original)


def _wrap_bare(root: Any, signature: Any) -> None:
    """The same, and the signed alert goes without its signature."""
    _wrap(root, signature)
    inner = signature.find(f".//{{{NS}}}Signature")
    inner.getparent().remove(inner)


def _move_inside(root: Any, signature: Any) -> None:
    root.find(f"{{{CAP12}}}info").append(signature)


def _double(root: Any, signature: Any) -> None:
    root.append(etree.fromstring(etree.tostring(signature)))


def _into_key_info(root: Any, signature: Any) -> None:
    holder = etree.SubElement(signature.find(f"{{{NS}}}KeyInfo"), f"{{{CAP12}}}info")
    etree.SubElement(holder, f"{{{CAP12}}}event").text = "Forged"


def _second_reference(root: Any, signature: Any) -> None:
    info = signature.find(f"{{{NS}}}SignedInfo")
    info.append(etree.fromstring(etree.tostring(info.find(f"{{{NS}}}Reference"))))


def _algorithm(name: str, algorithm: str) -> Callable[[Any, Any], None]:
    def change(root: Any, signature: Any) -> None:
        signature.find(f".//{{{NS}}}{name}").set("Algorithm", algorithm)

    return change


def _more_transforms(algorithm: str) -> Callable[[Any, Any], None]:
    def change(root: Any, signature: Any) -> None:
        transforms = signature.find(f".//{{{NS}}}Transforms")
        etree.SubElement(transforms, f"{{{NS}}}Transform", Algorithm=algorithm)

    return change


def _uri(uri: str | None) -> Callable[[Any, Any], None]:
    def change(root: Any, signature: Any) -> None:
        reference = signature.find(f".//{{{NS}}}Reference")
        if uri is None:
            del reference.attrib["URI"]
        else:
            reference.set("URI", uri)

    return change


def _parameter(root: Any, signature: Any) -> None:
    method = signature.find(f".//{{{NS}}}SignatureMethod")
    etree.SubElement(method, f"{{{NS}}}HMACOutputLength").text = "1"


def _without(name: str) -> Callable[[Any, Any], None]:
    def change(root: Any, signature: Any) -> None:
        element = signature.find(f".//{{{NS}}}{name}")
        element.getparent().remove(element)

    return change


def _text(name: str, text: str) -> Callable[[Any, Any], None]:
    def change(root: Any, signature: Any) -> None:
        signature.find(f".//{{{NS}}}{name}").text = text

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_wrap, "more than one signature"),
        (_wrap_bare, "wrapped: something else stands inside the signature"),
        (_move_inside, "wrapped: the signature does not stand directly in the alert"),
        (_double, "more than one signature"),
        (_into_key_info, "wrapped: something else stands inside the signature"),
        (_second_reference, "SignedInfo holds .*Reference, Reference"),
        (_uri("#A-1"), "the signature does not cover the alert, but '#A-1'"),
        (_uri("http://evil.example/x"), "does not cover the alert, but 'http://evil"),
        (_uri("file:///etc/passwd"), "does not cover the alert, but 'file:"),
        (_uri("#xpointer(/)"), "does not cover the alert"),
        (_uri(None), "does not cover the alert, but 'None'"),
        (_more_transforms("http://www.w3.org/TR/1999/REC-xslt-19991116"), "xslt.* not in the al"),
        (_more_transforms("http://www.w3.org/2002/06/xmldsig-filter2"), "not in the allowed list"),
        (_more_transforms("http://www.w3.org/TR/1999/REC-xpath-19991116"), "not in the allowed"),
        (_more_transforms(f"{EXC}WithComments"), "WithComments not in the allowed list"),
        (_algorithm("Transform", NS + "base64"), "transforms that are not allowed: base64"),
        (_algorithm("SignatureMethod", NS + "rsa-sha1"), "weak algorithm rsa-sha1 not in the al"),
        (_algorithm("SignatureMethod", NS + "hmac-sha1"), "algorithm hmac-sha1 not in the allow"),
        (_algorithm("DigestMethod", NS + "sha1"), "weak algorithm sha1 not in the allowed list"),
        (_algorithm("CanonicalizationMethod", f"{EXC}WithComments"), "canonicalization WithComm"),
        (_algorithm("CanonicalizationMethod", "urn:x"), "canonicalization .* not in the allowed"),
        (_parameter, "a parameter of rsa-sha256"),
        (_without("KeyInfo"), "Signature holds SignedInfo, SignatureValue"),
        (_without("SignedInfo"), "Signature holds SignatureValue, KeyInfo"),
        (_without("X509Certificate"), "the signature names no certificate"),
        (_without("Transforms"), "Reference holds DigestMethod, DigestValue"),
        (_text("X509Certificate", "!!!!"), "X509Certificate is not base64"),
        (_text("X509Certificate", "AAAA"), "a certificate that cannot be read"),
        (_text("DigestValue", "AAAA"), "digest mismatch"),
        (_text("SignatureValue", "AAAA"), "does not belong to the signer's key"),
        (_text("SignatureValue", ""), "SignatureValue has 0 characters"),
        (_text("SignatureValue", "AAB="), "SignatureValue has bits behind its end"),
    ],
)
def test_every_way_to_cheat_is_refused(
    authority: Authority, verdict: Judge, change: Callable[[Any, Any], None], said: str
) -> None:
    found = verdict(edited(authority.sign(authority.issue()), change))
    assert found.startswith("invalid: ")
    assert re.search(said, found), found


def test_any_damage_to_the_bytes_is_a_verdict_and_never_valid(
    authority: Authority, verdict: Judge
) -> None:
    data = authority.sign(authority.issue())
    for at in range(0, len(data), 7):
        damaged = data[:at] + bytes([data[at] ^ 0x11]) + data[at + 1 :]
        assert verdict(damaged).startswith("invalid: "), at


def test_without_a_store_nothing_is_checked_and_that_is_said() -> None:
    verifier = Verifier(None, lambda: NOW)
    verifier.refresh()
    assert verifier.verdict(ALERT.encode(), NOW) == "unchecked: trust_store is not configured"
    assert verifier.note == "signatures are not verified: trust_store is not configured"


@pytest.mark.parametrize("text", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END"])
def test_a_store_without_a_certificate_checks_nothing(tmp_path: Path, text: bytes) -> None:
    store = tmp_path / "trust.pem"
    store.write_bytes(text)
    verifier = Verifier(store, lambda: NOW)
    verifier.refresh()
    assert verifier.verdict(ALERT.encode(), NOW).startswith("unchecked: the trust store")


def test_a_store_is_read_again_when_it_changes(authority: Authority, tmp_path: Path) -> None:
    store = tmp_path / "trust"
    store.mkdir()
    verifier = Verifier(store, lambda: NOW)
    data = authority.sign(authority.issue())
    verifier.refresh()
    assert verifier.verdict(data, NOW).startswith("unchecked: ")
    (store / "root.pem").write_bytes(_pem(authority.root))
    verifier.refresh()
    assert (verifier.verdict(data, NOW), verifier.note) == ("valid", "")
    (store / "root.pem").write_bytes(_pem(Authority("Another").root))
    verifier.refresh()
    assert verifier.verdict(data, NOW).startswith("invalid: signer chain not trusted")


def test_a_certificate_that_runs_out_is_told_sixty_days_before_and_once(
    authority: Authority, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = tmp_path / "trust.pem"
    store.write_bytes(_pem(authority.root))  # until 1 January 2040
    clock = [datetime(2040, 1, 1, tzinfo=UTC) - timedelta(days=61)]
    verifier = Verifier(store, lambda: clock[0])
    verifier.refresh()
    assert verifier.note == ""
    clock[0] += timedelta(days=1)
    verifier.refresh()
    verifier.refresh()
    assert verifier.note == "trust store: Root expires on 2040-01-01, in 60 days"
    assert [record.getMessage() for record in caplog.records] == [verifier.note]
    clock[0] += timedelta(days=61)
    verifier.refresh()
    assert verifier.note == "trust store: Root expired on 2040-01-01"


@shared
@pytest.mark.shared
def test_every_synthetic_document_is_judged_as_the_manifest_says(tmp_path: Path) -> None:
    words = {"valid": "valid", "digest mismatch": "invalid: digest mismatch"}
    words["none"] = "invalid: not signed"
    verifier = Verifier(SYNTHETIC / "certs" / "test_root_ca.pem", lambda: NOW)
    verifier.refresh()
    judged = 0
    for entry in json.loads((CAP / "manifest.json").read_text("utf-8"))["files"]:
        expected = entry.get("expect", {}).get("signature")
        if expected is None or not entry["file"].startswith("synthetic_ipaws/"):
            continue
        (piece,) = cut.alerts((CAP / entry["file"]).read_bytes())
        (message,) = document.parse(piece).messages
        found = verifier.verdict(piece, message.sent_at)
        first = expected if not expected.startswith("valid") else "valid"
        assert found.startswith(words.get(first, f"invalid: {first}")), entry["file"]
        judged += 1
    assert judged >= 7


@shared
@pytest.mark.shared
def test_a_real_message_of_fema_that_was_reflowed_no_longer_fits_its_digest(
    tmp_path: Path,
) -> None:
    data = (CAP / "ipaws_xml" / "davidciani__mcduffie_LAE_signed_reflowed.xml").read_bytes()
    text = re.search(rb"<X509Certificate>\s*(\S+)", data)
    assert text is not None
    store = _pem(x509.load_der_x509_certificate(base64.b64decode(text.group(1))))
    assert _judged(tmp_path, data, store, "IPAWSOPEN201971").startswith("invalid: digest mismatch")


@shared
@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("valid", "valid"),
        ("invalid_digest", "invalid: DigestValue has bits behind its end"),
        ("invalid_signature", "invalid: SignatureValue has bits behind its end"),
        ("invalid_certificate", "invalid: X509Certificate has bits behind its end"),
        ("no_signature", "invalid: not signed"),
    ],
)
def test_the_vectors_of_the_wmo_are_judged_as_they_are_called(
    tmp_path: Path, name: str, said: str
) -> None:
    """They were indented after they had been signed: here they are as they were before."""
    folder = CAP / "other_cap_signed"
    store = b""
    for text in re.findall(
        rb"X509Certificate>([^<]+)<", (folder / "wmo__sc_valid.xml").read_bytes()
    ):
        if text.strip():
            store += _pem(x509.load_der_x509_certificate(base64.b64decode(text)))
    (indented,) = cut.alerts((folder / f"wmo__sc_{name}.xml").read_bytes())
    data = etree.tostring(etree.fromstring(indented, etree.XMLParser(remove_blank_text=True)))
    found = _judged(tmp_path, data, store, None, "2024-08-01T00:00:00Z")
    assert found.startswith(said), found
    if name == "valid":
        again = _judged(tmp_path, indented, store, None, "2024-08-01T00:00:00Z")
        assert again.startswith("invalid: digest mismatch")


def _judged(
    folder: Path, data: bytes, store: bytes, signer: str | None, at: str = "2025-06-01T00:00Z"
) -> str:
    """The verdict of somebody who trusts these certificates themselves."""
    path = folder / "trust.pem"
    path.write_bytes(store)
    verifier = Verifier(path, lambda: NOW, None if signer is None else re.compile(signer))
    verifier.refresh()
    return verifier.verdict(data, datetime.fromisoformat(at))
