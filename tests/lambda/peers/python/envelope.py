"""DingTalk's envelope: AES-256-CBC under a 43-character key, signed with SHA-1."""

import base64
import hashlib
import hmac
import os
import secrets
import time
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

PAD_TO = 32


class Opened(NamedTuple):
    message: bytes
    owner: str


class Keys:
    def __init__(self, token: str, aes_key: str) -> None:
        self.token = token
        key = base64.b64decode(f"{aes_key}=")
        self.cipher = Cipher(AES(key), CBC(key[:16]))

    def open(self, signature: str, timestamp: str, nonce: str, encrypt: str) -> Opened | None:
        """The message and whom it is addressed to; None where it is not to be believed."""
        if not hmac.compare_digest(self.sign(timestamp, nonce, encrypt), signature):
            return None
        decryptor = self.cipher.decryptor()
        plain = decryptor.update(base64.b64decode(encrypt)) + decryptor.finalize()
        end, padding = 20 + int.from_bytes(plain[16:20]), plain[-1]
        if not 1 <= padding <= PAD_TO or end > len(plain) - padding:
            return None
        return Opened(plain[20:end], plain[end:-padding].decode())

    def seal(self, message: bytes, owner: str) -> dict[str, str]:
        plain = os.urandom(16) + len(message).to_bytes(4) + message + owner.encode()
        padding = PAD_TO - len(plain) % PAD_TO
        encryptor = self.cipher.encryptor()
        sealed = encryptor.update(plain + bytes([padding]) * padding) + encryptor.finalize()
        encrypt, timestamp, nonce = base64.b64encode(sealed).decode(), str(time.time_ns() // 1_000_000), secrets.token_hex(4)
        signature = self.sign(timestamp, nonce, encrypt)
        return {"msg_signature": signature, "timeStamp": timestamp, "nonce": nonce, "encrypt": encrypt}

    def sign(self, timestamp: str, nonce: str, encrypt: str) -> str:
        parts = sorted([self.token, timestamp, nonce, encrypt])
        return hashlib.sha1("".join(parts).encode()).hexdigest()
