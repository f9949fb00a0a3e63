"""A self-signed certificate for the simulator, made by the ``openssl`` program."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path

from notifiers.errors import BrevisoneError


class NoCertificate(BrevisoneError):
    """A certificate could not be made or read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate and its key, as files in PEM."""

    certificate: Path
    key: Path

    @property
    def fingerprint(self) -> str:
        """``sha256:`` and the digest of the certificate's DER form in hexadecimal."""
        pem = self.certificate.read_text()
        begins = pem.index("-----BEGIN CERTIFICATE-----")
        ends = pem.index("-----END CERTIFICATE-----", begins) + len("-----END CERTIFICATE-----")
        return "sha256:" + sha256(ssl.PEM_cert_to_DER_cert(pem[begins:ends])).hexdigest()

    def context(self) -> ssl.SSLContext:
        """What a server needs to speak TLS with it. Raises NoCertificate if the files are no such pair."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as error:
            raise NoCertificate(
                f"{self.certificate} and {self.key} are no certificate with its key: {error}"
            ) from error
        return context


def make_certificate(folder: Path, names: tuple[str, ...]) -> Certificate:
    """A new one in this folder, good for 30 days and for these names and addresses. Raises NoCertificate."""
    made = Certificate(certificate=folder / "certificate.pem", key=folder / "key.pem")
    command = [
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-sha256",
        "-days", "30", "-subj", "/O=brevis.one simulator/CN=SMS Gateway",
        "-addext", "subjectAltName=" + ",".join(_alternative(name) for name in names),
        "-addext", "basicConstraints=critical,CA:TRUE",
        "-keyout", str(made.key), "-out", str(made.certificate),
    ]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except FileNotFoundError as error:
        raise NoCertificate(
            "the program openssl is not installed; install it, or give `tls` a certificate and a key"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise NoCertificate("openssl made no certificate within 30 seconds") from error
    if done.returncode != 0:
        raise NoCertificate(f"openssl made no certificate: {done.stderr.strip()}")
    return made


def _alternative(name: str) -> str:
    try:
        return f"IP:{ip_address(name)}"
    except ValueError:
        return f"DNS:{name}"
