"""Signatures of Standard Webhooks, checked against `cryptography` and libsodium on their own."""

from __future__ import annotations

import base64
import shutil
import subprocess
from pathlib import Path

import pytest

from producers.access.caller import Caller, RefusedError
from producers.access.credentials import Made
from producers.access.entries import KEY_REVOKED, Entry
from producers.access.keys import Keys
from producers.access.signatures import sign
from tests.producers.access_ground import NOON, bearer, issue, keys_with

BODY = b'{"nilai": "Rp 1.500"}'
SECONDS = NOON // 1000
#: RFC 8032, 7.1, test 2: the seed, its public key.
RFC_SEED = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
RFC_PUBLIC = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")


@pytest.fixture
def signing() -> tuple[Keys, Caller, Made]:
    made, _, entry = issue(signed=True)
    keys = keys_with(entry)
    return keys, keys.authenticate(bearer(made), "10.0.0.1", NOON), made


def headers(signature: str, webhook_id: str = "msg_1", timestamp: int | str = SECONDS) -> dict[str, str]:
    return {"webhook-id": webhook_id, "webhook-timestamp": str(timestamp), "webhook-signature": signature}


def refusal(keys: Keys, caller: Caller, given: dict[str, str], body: bytes = BODY, now: int = NOON) -> str:
    with pytest.raises(RefusedError) as raised:
        keys.verify(caller, given, body, now)
    return raised.value.code


def test_a_signature_is_kept_as_it_was_verified(signing: tuple[Keys, Caller, Made]) -> None:
    keys, caller, made = signing
    signature = sign(made.private, "msg_1", SECONDS, BODY)
    signed = keys.verify(caller, headers(signature), BODY, NOON)
    assert signed is not None
    assert (signed.webhook_id, signed.timestamp, signed.signature, signed.key) == (
        "msg_1",
        SECONDS,
        signature,
        made.public,
    )


def test_several_signatures_and_foreign_ones_are_looked_through(signing: tuple[Keys, Caller, Made]) -> None:
    keys, caller, made = signing
    other, _, _ = issue()
    good = sign(made.private, "msg_1", SECONDS, BODY)
    wrong = sign(other.private, "msg_1", SECONDS, BODY)
    signed = keys.verify(caller, headers(f"v1,abcd {wrong} {good}"), BODY, NOON)
    assert signed is not None
    assert signed.signature == good


def test_what_does_not_fit_is_refused(signing: tuple[Keys, Caller, Made]) -> None:
    keys, caller, made = signing
    other, _, _ = issue()
    good = sign(made.private, "msg_1", SECONDS, BODY)
    assert refusal(keys, caller, {}) == "signature-missing"
    assert refusal(keys, caller, {"webhook-id": "msg_1"}) == "signature-malformed"
    for bad in ("v1,abcd", "abcd", "v1b,abcd", " ".join([good] * 9)):
        assert refusal(keys, caller, headers(bad)) == "signature-malformed"
    for stamp in ("x", "-5", "1e9", "", "²"):
        assert refusal(keys, caller, headers(good, timestamp=stamp)) == "signature-malformed"
    assert refusal(keys, caller, headers(good), BODY + b" ") == "signature-wrong"
    assert refusal(keys, caller, headers(good, "msg_2")) == "signature-wrong"
    assert refusal(keys, caller, headers(good, timestamp=SECONDS + 1)) == "signature-wrong"
    assert refusal(keys, caller, headers(good[:-4] + "!!!=")) == "signature-wrong"
    assert refusal(keys, caller, headers(sign(other.private, "msg_1", SECONDS, BODY))) == "signature-wrong"


@pytest.mark.parametrize(("late", "taken"), [(300, True), (-300, True), (301, False), (-301, False)])
def test_five_minutes(signing: tuple[Keys, Caller, Made], late: int, taken: bool) -> None:
    keys, caller, made = signing
    given = headers(sign(made.private, "msg_1", SECONDS, BODY))
    if taken:
        assert keys.verify(caller, given, BODY, NOON + late * 1000)
    else:
        assert refusal(keys, caller, given, BODY, NOON + late * 1000) == "signature-time"


def test_a_repeat_is_a_retry_and_another_body_is_not(signing: tuple[Keys, Caller, Made]) -> None:
    keys, caller, made = signing
    first = headers(sign(made.private, "msg_1", SECONDS, BODY))
    assert keys.verify(caller, first, BODY, NOON)
    assert keys.verify(caller, first, BODY, NOON + 1000)
    again = headers(sign(made.private, "msg_1", SECONDS + 5, BODY), timestamp=SECONDS + 5)
    assert keys.verify(caller, again, BODY, NOON + 5000)
    other = headers(sign(made.private, "msg_1", SECONDS, b"{}"))
    assert refusal(keys, caller, other, b"{}") == "signature-reused"


def test_a_signature_that_is_not_required_is_checked_all_the_same() -> None:
    made, _, entry = issue()
    keys = keys_with(entry)
    caller = keys.authenticate(bearer(made), "10.0.0.1", NOON)
    assert keys.verify(caller, {}, BODY, NOON) is None
    assert refusal(keys, caller, headers("v1a," + base64.b64encode(bytes(64)).decode())) == "signature-wrong"


def test_while_keys_change_the_one_before_may_sign_until_it_is_revoked() -> None:
    old, before, first = issue()
    new, _, second = issue(replaces=before.key_id)
    given = headers(sign(old.private, "msg_1", SECONDS, BODY))
    keys = keys_with(first, second)
    assert keys.verify(keys.authenticate(bearer(new), "", NOON), given, BODY, NOON)
    keys = keys_with(first, second, Entry(KEY_REVOKED, before.key_id, NOON, "penguji"))
    assert refusal(keys, keys.authenticate(bearer(new), "", NOON), given) == "signature-wrong"


def test_against_cryptography_and_the_keys_of_rfc_8032() -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

    private = "whsk_" + base64.b64encode(RFC_SEED + RFC_PUBLIC).decode()
    made = base64.b64decode(sign(private, "msg_1", SECONDS, BODY).removeprefix("v1a,"))
    text = b"msg_1." + str(SECONDS).encode() + b"." + BODY
    Ed25519PublicKey.from_public_bytes(RFC_PUBLIC).verify(made, text)
    assert Ed25519PrivateKey.from_private_bytes(RFC_SEED).sign(text) == made
    fresh, _, _ = issue()
    seed = base64.b64decode(fresh.private.removeprefix("whsk_"))
    assert len(seed) == 64
    assert fresh.public == "whpk_" + base64.b64encode(seed[32:]).decode()


@pytest.mark.skipif(shutil.which("php") is None, reason="php is not installed")
def test_php_signs_with_the_key_as_it_is_given(signing: tuple[Keys, Caller, Made], tmp_path: Path) -> None:
    keys, caller, made = signing
    script = tmp_path / "sign.php"
    script.write_text(
        "<?php $k = base64_decode(substr($argv[1], 5)); "
        'echo "v1a," . base64_encode(sodium_crypto_sign_detached("msg_1." . $argv[2] . "." . $argv[3], $k));'
    )
    command = ["php", str(script), made.private, str(SECONDS), BODY.decode()]
    signature = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert keys.verify(caller, headers(signature), BODY, NOON)
