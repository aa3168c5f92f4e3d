"""What tokens stand for, encrypted at rest, where a regency keeps it at all.

A SQLite file holds token and number under AES-256-GCM; the key is a file of its own (mode 0600), better on another disk
than the data. Deleting an entry is the erasure: the token stays in the log for ever and says nothing any more.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path

from producers import secret_file

KEY_BYTES = 32
NONCE_BYTES = 12
#: ``sealed`` is null once a person was forgotten, so that the number is not kept again when it is sent again.
_TABLE = "CREATE TABLE IF NOT EXISTS kept (token TEXT PRIMARY KEY, sealed BLOB) WITHOUT ROWID"


class VaultError(RuntimeError):
    """A vault that cannot be opened or read; the message says which file and what to do."""


class Vault:
    """The mapping of tokens to numbers in ``path``; ``key`` has 32 bytes. Safe to share between threads and processes."""

    def __init__(self, path: Path, key: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._path = path
        self._cipher = AESGCM(key)
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        self._rows = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        for setting in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
            self._rows.execute(f"PRAGMA {setting}")
        self._rows.execute(_TABLE)

    @classmethod
    def open(cls, path: Path, key_file: Path) -> Vault:
        """The vault with its key, both made at the first start. Raises VaultError where the key is lost or damaged."""
        if not key_file.exists():
            if path.exists():
                raise VaultError(
                    f"{key_file}: kunci brankas identitas tidak ada, padahal {path} ada → pulihkan kunci itu dari cadangan"
                )
            secret_file.make(key_file, secrets.token_hex(KEY_BYTES) + "\n")
        try:
            key = bytes.fromhex(key_file.read_text(encoding="ascii").strip())
        except (ValueError, UnicodeDecodeError):
            key = b""
        if len(key) != KEY_BYTES:
            raise VaultError(f"{key_file}: bukan kunci brankas identitas → pulihkan dari cadangan")
        return cls(path, key)

    def keep(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Keep (token, number) pairs, durably; what is known or was forgotten stays as it is."""
        rows = [(token, self._seal(token, number)) for token, number in pairs]
        with self._lock:
            self._rows.execute("BEGIN IMMEDIATE")
            self._rows.executemany("INSERT OR IGNORE INTO kept VALUES (?, ?)", rows)
            self._rows.execute("COMMIT")

    def number(self, token: str) -> str | None:
        """What a token stands for; None where it was never kept or was forgotten. Raises VaultError."""
        from cryptography.exceptions import InvalidTag

        with self._lock:
            row = self._rows.execute("SELECT sealed FROM kept WHERE token = ?", (token,)).fetchone()
        if row is None or row[0] is None:
            return None
        sealed: bytes = row[0]
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], token.encode()).decode()
        except InvalidTag as error:
            raise VaultError(
                f"{self._path}: isi brankas tidak cocok dengan kuncinya → pulihkan berkas dan kuncinya dari cadangan yang sama"
            ) from error

    def forget(self, token: str) -> bool:
        """Erase what a token stands for, and never keep it again; whether there was something."""
        with self._lock:
            row = self._rows.execute("SELECT sealed FROM kept WHERE token = ?", (token,)).fetchone()
            self._rows.execute(
                "INSERT INTO kept VALUES (?, NULL) ON CONFLICT (token) DO UPDATE SET sealed = NULL", (token,)
            )
            self._rows.execute(
                "PRAGMA wal_checkpoint(TRUNCATE)"
            )  # the old page is not left behind in the log
        return row is not None and row[0] is not None

    def close(self) -> None:
        self._rows.close()

    def _seal(self, token: str, number: str) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, number.encode(), token.encode())
