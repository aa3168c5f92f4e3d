"""What is refused is said in the gateway's words and can be mended; a key that ends stops nothing but the sending."""

from __future__ import annotations

import json

import pytest
from phone import Phone
from test_offline import birth
from village_ground import VILLAGE, Ground

pytestmark = [pytest.mark.kafka, pytest.mark.browser, pytest.mark.timeout(300)]
WRONG = "1234567890123456"


def test_a_refused_row_says_why_and_is_mended(ground: Ground, phone: Phone) -> None:
    phone.visit(f"#kunci={ground.key()}")
    phone.write(birth(1), {**birth(2), "family_card_token": WRONG}, birth(3))
    phone.until_counted("sent", 2)
    phone.until_counted("refused", 1)
    first = phone.page.locator("#rows li").first
    assert first.locator(".state").text_content() == "ditolak"
    why = first.locator(".why").all_text_contents()
    assert why == [
        "Nomor KK orang tua bukan nomor KK (16 angka dengan kode wilayah dan tanggal terbit yang benar). "
        "Periksa nomornya lalu kirim lagi."
    ]
    phone.page.locator("#again").click()
    phone.until("!document.getElementById('rows').textContent.includes('menunggu')")
    phone.until_counted("refused", 1)
    phone.page.locator("#rows li").first.get_by_text("Perbaiki").click()
    assert phone.page.locator("#field-family_card_token").input_value() == WRONG
    phone.page.locator("#field-family_card_token").fill("9901010101090010")
    phone.page.locator("#save").click()
    phone.until_counted("sent", 3)
    ids = [row["id"] for row in phone.rows()]
    assert len(set(ids) & {id_ for _, id_, _ in ground.arrived()}) == 3
    assert WRONG not in json.dumps(phone.rows())


def test_a_wrong_field_is_said_before_it_is_kept(phone: Phone) -> None:
    phone.page.locator("#save").click()
    assert phone.page.locator("#field-occurred_at-error").text_content() == "Wajib diisi."
    assert phone.page.evaluate("document.activeElement.id") == "field-occurred_at"
    phone.page.locator("#field-family_card_token").fill("990101 0101")
    phone.page.locator("#save").click()
    assert "sekarang 10" in (phone.page.locator("#field-family_card_token-error").text_content() or "")
    assert phone.rows() == []


def test_two_taps_are_one_row(phone: Phone) -> None:
    for name, value in birth(1).items():
        phone.page.evaluate(
            "([id, value]) => { document.getElementById(id).value = value; }", [f"field-{name}", value]
        )
    phone.page.evaluate(
        "() => { const form = document.getElementById('form'); form.requestSubmit(); form.requestSubmit(); }"
    )
    phone.until("document.getElementById('saved').textContent.startsWith('Tersimpan')")
    phone.page.wait_for_timeout(500)
    assert len(phone.rows()) == 1


def test_a_draft_survives_the_tab_and_a_row_can_be_deleted(phone: Phone) -> None:
    phone.page.locator("#field-family_card_token").fill("9901010101090010")
    phone.page.reload()
    phone.until("document.documentElement.dataset.ready === '1'")
    assert phone.page.locator("#field-family_card_token").input_value() == "9901010101090010"
    phone.write(birth(1))
    assert phone.states() == ["waiting"]
    phone.page.once("dialog", lambda dialog: dialog.accept())
    phone.page.locator("#rows").get_by_text("Hapus").click()
    phone.until_counted("waiting", 0)


def test_a_revoked_key_is_said_and_another_one_sends(ground: Ground, phone: Phone) -> None:
    key = ground.key()
    phone.page.locator("#key").fill(f"NADI_KEY={key}\n")
    phone.page.get_by_text("Simpan kunci").click()
    phone.until("document.getElementById('whose').textContent.includes('Dinas Kependudukan')")
    ground.revoke(key)
    phone.until(
        f"fetch('/v1/me', {{headers: {{authorization: 'Bearer {key}'}}}}).then((answer) => answer.status === 401)"
    )
    phone.write(birth(1))
    phone.until("document.getElementById('report').textContent.includes('sudah dicabut')")
    assert phone.states() == ["waiting"]
    phone.page.locator("#leave").click()
    phone.until("document.getElementById('leaving-text').textContent.includes('1 catatan belum terkirim')")
    phone.page.locator("#leaving").get_by_text("Keluar", exact=True).click()
    phone.until("!document.getElementById('key-form').hidden")
    assert phone.states() == ["waiting"], "leaving keeps what was not sent"
    phone.page.evaluate("(key) => { location.hash = `kunci=${key}`; }", ground.key())
    phone.until_counted("sent", 1)


def test_the_guide_s_key_knows_its_village_and_leaving_can_take_everything_away(
    ground: Ground, phone: Phone
) -> None:
    phone.visit(f"#kunci={ground.key_of_guide()}")
    phone.until(f"document.getElementById('own').value === '{VILLAGE}'")
    phone.net(None)
    phone.write(birth(1))
    phone.page.locator("#leave").click()
    phone.page.locator("#leave-clear").click()
    phone.until_counted("waiting", 0)
    assert phone.rows() == []
    assert not phone.page.locator("#key-form").is_hidden()
