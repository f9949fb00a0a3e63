"""Whom a TLS connection is believed: by the system's CAs, a CA file, a pinned fingerprint, or not at all.

A connection is judged before it is handed on, so that no byte of a request reaches a stranger.
"""

from __future__ import annotations

import hashlib
import socket
import ssl

from notifiers.errors import ConfigurationError
from notifiers.gateway.answers import AnswerReason
from notifiers.gateway.no_reply import NoReply, not_sent, unusable
from notifiers.gateway.settings import TlsSettings


class Trust:
    """Made once for a gateway. Raises ConfigurationError if the CA file cannot be used."""

    def __init__(self, tls: TlsSettings) -> None:
        self._fingerprint = tls.fingerprint
        self._context = _context(tls)

    def secure(self, plain: socket.socket, host: str) -> ssl.SSLSocket:
        """TLS over a connected socket, which it takes over; its time-out holds for the handshake.

        Raises NoReply if the handshake fails or the other side is not who it should be; then both are closed.
        """
        try:
            secured = self._context.wrap_socket(plain, server_hostname=host)
        except ssl.SSLCertVerificationError as error:
            raise _untrusted(error) from error
        except TimeoutError as error:
            raise not_sent(AnswerReason.CONNECT_TIMEOUT, "the TLS handshake took too long") from error
        except (OSError, ValueError) as error:
            said = getattr(error, "reason", None) or type(error).__name__
            raise not_sent(AnswerReason.TLS_FAILED, f"the TLS handshake failed ({said})") from error
        finally:
            plain.close()
        try:
            self._compare(secured)
        except NoReply:
            secured.close()
            raise
        return secured

    def _compare(self, secured: ssl.SSLSocket) -> None:
        if not self._fingerprint:
            return
        shown = hashlib.sha256(secured.getpeercert(binary_form=True) or b"").hexdigest()
        if shown != self._fingerprint:
            meaning = (
                f"the certificate is not the pinned one: expected sha256:{self._fingerprint}, got sha256:{shown}; "
                "nothing was sent. If the gateway was given a new certificate, pin that one"
            )
            raise unusable(AnswerReason.WRONG_FINGERPRINT, meaning)


def _context(tls: TlsSettings) -> ssl.SSLContext:
    if tls.fingerprint or not tls.verify:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    try:
        context = ssl.create_default_context(cafile=tls.ca or None)
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or "it holds no certificate"
        raise ConfigurationError([f"tls.ca: cannot use {tls.ca}: {said}"]) from error
    # The appliance's own certificate may be named in the CA file, and home-made ones lack extensions that newer
    # Pythons insist on. Whom we believe is the same on every Python.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _untrusted(error: ssl.SSLCertVerificationError) -> NoReply:
    # OpenSSL's own words (`self-signed certificate`, `IP address mismatch, …`) hold nothing but what the server showed.
    meaning = f"the certificate is not to be trusted: {error.verify_message}; pin its fingerprint or name its CA file"
    return unusable(AnswerReason.UNTRUSTED_CERTIFICATE, meaning)
