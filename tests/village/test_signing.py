"""A key that must sign: the phone takes the private key once, keeps it so that it cannot be read, and signs what it sends."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from phone import SIZE, Phone
from test_offline import birth
from test_workbook import filled
from village_ground import Ground

from producers.access import signatures
from producers.access.credentials import Made

pytestmark = [pytest.mark.kafka, pytest.mark.browser, pytest.mark.timeout(300)]
#: What the phone keeps of the signing key, and what the browser says to whoever wants it out.
KEPT = """() => new Promise((resolve, reject) => {
  const opening = indexedDB.open("nadi-desa", 1);
  opening.onsuccess = () => {
    const asked = opening.result.transaction("settings").objectStore("settings").get("signer");
    asked.onsuccess = async () => {
      const key = asked.result;
      const out = (form) => crypto.subtle.exportKey(form, key).then(() => "taken", (error) => error.name);
      resolve(key && [key instanceof CryptoKey, key.extractable, await out("pkcs8"), await out("jwk")]);
    };
  };
})"""
ALL_TEXT = """() => new Promise((resolve) => {
  const opening = indexedDB.open("nadi-desa", 1);
  opening.onsuccess = () => {
    const asked = opening.result.transaction("settings").objectStore("settings").getAll();
    asked.onsuccess = () => resolve(JSON.stringify([asked.result, { ...localStorage }, location.href, document.documentElement.outerHTML]));
  };
})"""


def link(made: Made) -> str:
    """The end of the link that docs/panduan/desa.md describes."""
    return f"#kunci={made.key}&ttd={made.private}"


def sendings(phone: Phone) -> list[Any]:
    """The requests that tabs and worker send from now on, as they come."""
    found: list[Any] = []
    phone.context.on("requestfinished", lambda r: found.append(r) if r.method == "POST" else None)
    return found


@pytest.mark.parametrize("through", ["link", "escaped link", "env"])
def test_a_signed_row_is_accepted_and_kept_with_its_signature(
    ground: Ground, phone: Phone, through: str
) -> None:
    made = ground.keys(signed=True)
    if through == "env":
        env = f"NADI_URL=https://contoh\nNADI_KEY={made.key}\nNADI_SIGNING_KEY={made.private}\n"
        phone.page.locator("#key").fill(env)
        phone.page.get_by_text("Simpan kunci").click()
    else:
        escaped = f"#kunci={made.key}&ttd={quote(made.private, safe='')}"
        phone.visit(link(made) if through == "link" else escaped)
    phone.until("document.getElementById('whose').textContent.includes('Kiriman ditandatangani.')")
    assert phone.page.evaluate(KEPT) == [True, False, "InvalidAccessError", "InvalidAccessError"]
    assert made.private[5:30] not in phone.page.evaluate(ALL_TEXT)
    sent = sendings(phone)
    phone.write(birth(1), birth(2))
    phone.until_counted("sent", 2)
    (id_, _) = [row["id"] for row in phone.rows()]
    headers, _ = ground.of(id_)
    kept = json.loads(headers["nadi_signature"])
    assert kept["key"] == made.public
    (body,) = [r.post_data_buffer for r in sent if id_ in (r.post_data or "")]
    text = signatures.signed_text(kept["id"], kept["timestamp"], body)
    assert signatures.matches(made.public, kept["signature"], text)
    assert not signatures.matches(made.public, kept["signature"], text + b" ")
    assert headers["nadi_body_sha256"] == hashlib.sha256(body).digest()
    assert phone.problems == []


def test_a_workbook_is_signed_too(ground: Ground, phone: Phone, tmp_path: Any) -> None:
    phone.visit(link(ground.keys(signed=True)))
    phone.page.locator("#file").set_input_files(filled(tmp_path / "isi.xlsx", "9901010101090013"))
    phone.page.get_by_text("Kirim lembar kerja").click()
    phone.until("document.getElementById('file-report').textContent.startsWith('Selesai')", 60)


def test_a_key_without_its_signing_key_is_told_and_takes_it_later(ground: Ground, phone: Phone) -> None:
    made = ground.keys(signed=True)
    phone.visit(f"#kunci={made.key}")
    phone.write(birth(1))
    phone.until("document.getElementById('signing').textContent.includes('NADI_SIGNING_KEY')")
    phone.until("document.getElementById('report').textContent.includes('mewajibkan tanda tangan')")
    phone.page.locator("#key").fill(made.private[:40])
    phone.page.get_by_text("Simpan kunci").click()
    phone.until("document.getElementById('key-error').textContent.includes('tidak utuh')")
    phone.page.locator("#key").fill(f"NADI_SIGNING_KEY={made.private}")
    phone.page.get_by_text("Simpan kunci").click()
    phone.until_counted("sent", 1)
    assert phone.page.locator("#key-form").is_hidden()


def test_the_signing_key_of_another_key_is_said_and_leaving_takes_it_away(
    ground: Ground, phone: Phone
) -> None:
    made, other = ground.keys(signed=True), ground.keys(signed=True)
    phone.visit(f"#kunci={made.key}&ttd={other.private}")
    phone.write(birth(1))
    phone.until("document.getElementById('report').textContent.includes('bukan pasangan kunci desa')")
    assert phone.states() == ["waiting"]
    phone.page.locator("#leave").click()
    phone.page.locator("#leaving").get_by_text("Keluar", exact=True).click()
    phone.until("!document.getElementById('key-form').hidden")
    assert phone.page.evaluate(KEPT) is None
    phone.page.evaluate("(hash) => { location.hash = hash; }", link(made))
    phone.until_counted("sent", 1)


def test_a_phone_whose_clock_is_wrong_signs_with_the_gateway_s_time(ground: Ground, phone: Phone) -> None:
    phone.context.add_init_script("const now = Date.now; Date.now = () => now() + 3 * 3600000;")
    phone.page.reload()
    sent = sendings(phone)
    phone.visit(link(ground.keys(signed=True)))
    phone.write(birth(1))
    phone.until_counted("sent", 1)
    told = [r.response().status for r in sent if r.url.endswith("/v1/events")]
    assert told[:2] == [401, 202], "refused for its clock, and signed anew at once"


@pytest.fixture
def old_phone(ground: Ground, browser: Any) -> Iterator[Phone]:
    """A browser that does not know Ed25519: the newest one without it, as its answer to the page is the same."""
    phone = Phone(ground.gateway.http.base_url, browser.new_context(viewport=SIZE))
    phone.context.add_init_script("""
      const real = crypto.subtle.importKey.bind(crypto.subtle);
      crypto.subtle.importKey = (form, bytes, name, ...more) => name === "Ed25519"
        ? Promise.reject(new DOMException("Algorithm: Unrecognized name", "NotSupportedError")) : real(form, bytes, name, ...more);
    """)
    phone.visit()
    yield phone
    phone.context.close()


def test_an_old_browser_is_told_what_to_do(ground: Ground, old_phone: Phone) -> None:
    made = ground.keys(signed=True)
    old_phone.visit(link(made))
    old_phone.write(birth(1))
    for place in ("signing", "report"):
        old_phone.until(
            f"document.getElementById('{place}').textContent.includes('Chrome menjadi versi 137')"
        )
    assert old_phone.states() == ["waiting"], "nothing is lost"
    assert not re.search(r"whsk_[A-Za-z0-9]", old_phone.page.evaluate(ALL_TEXT)), "kept where it can be read"
