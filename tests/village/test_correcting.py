"""What was sent wrong is corrected on the phone, also without a signal: a new event that names the sent one, after it."""

from __future__ import annotations

import pytest
from phone import FAST, Phone
from test_offline import birth
from village_ground import SOURCE, VILLAGE, Ground

pytestmark = [pytest.mark.kafka, pytest.mark.browser, pytest.mark.timeout(300)]
REASON = "Jenis kelamin tertukar"


def correct(phone: Phone, seq: int, **typed: str) -> None:
    """Press the button of a row, and fill in the form."""
    phone.page.locator(f"#rows li[data-seq='{seq}']").get_by_text("Betulkan").click()
    for name, value in typed.items():
        field = phone.page.locator(f"#field-{name}")
        field.select_option(value) if name == "sex" else field.fill(value)
    phone.page.locator("#save").click()


def test_a_sent_row_is_corrected_without_a_signal(ground: Ground, phone: Phone) -> None:
    phone.visit(f"#kunci={ground.key()}")
    phone.page.select_option("#own", VILLAGE)
    phone.write(birth(1), birth(2))
    phone.until_counted("sent", 2)
    wrong, other = phone.rows()
    assert "990101010109" not in str([wrong, other]), "a number of a person is kept after it arrived"
    phone.net(None)
    card, seq = birth(1)["family_card_token"], wrong["seq"]

    correct(phone, seq, family_card_token=card)
    assert phone.page.locator("#field-correction_reason-error").text_content() == "Wajib diisi."
    assert phone.page.locator("#field-occurred_at").input_value() == birth(1)["occurred_at"]
    assert phone.page.locator("#writing-title").text_content() == "Perbaiki data yang sudah terkirim"
    phone.page.locator("#field-correction_reason").fill(f"Salah, seharusnya {card}")
    phone.page.locator("#save").click()
    assert "nomor orang" in (phone.page.locator("#field-correction_reason-error").text_content() or "")
    phone.page.locator("#field-correction_reason").fill(REASON)
    phone.page.locator("#field-family_card_token").fill(birth(2)["family_card_token"])
    phone.page.locator("#save").click()
    phone.until(
        "document.getElementById('field-family_card_token-error').textContent.includes('lain dari yang')"
    )
    assert len(phone.rows()) == 2, "a correction under another key would count beside the wrong one"
    phone.page.locator("#field-family_card_token").fill(card)
    phone.page.locator("#field-sex").select_option("P")
    phone.page.locator("#save").click()
    phone.until_counted("waiting", 1)
    items = phone.page.locator("#rows li")
    assert items.nth(0).locator(".link").all_text_contents() == [f"Pembetulan atas catatan nomor {seq}."]
    assert items.nth(2).locator(".link").all_text_contents() == [
        f"Pembetulannya, catatan nomor {seq + 2}, belum terkirim."
    ]
    assert items.nth(2).locator("button").count() == 0, "one correction at a time"
    assert phone.page.locator("#writing-title").text_content() == "Catatan baru"

    phone.net(FAST)
    phone.until_counted("sent", 3)
    right = phone.rows()[2]
    headers, data = ground.of(right["id"])
    assert (data["corrects"], data["correction_reason"], data["sex"]) == (wrong["id"], REASON, "P")
    assert headers["ce_source"].decode() == SOURCE
    assert "nadi_corrects" not in headers, "the gateway knows what it corrects"
    ours = [id_ for _, id_, _ in ground.arrived() if id_ in (wrong["id"], right["id"])]
    assert ours == [wrong["id"], right["id"]], "in order after it"
    assert items.nth(2).locator(".link").all_text_contents() == [
        f"Sudah diganti oleh catatan nomor {seq + 2}."
    ]
    assert card not in str(phone.rows())
    assert phone.problems == []


def test_a_refused_correction_is_mended_and_keeps_the_source_of_what_it_corrects(
    ground: Ground, phone: Phone
) -> None:
    phone.visit(f"#kunci={ground.key()}")
    phone.page.select_option("#own", VILLAGE)
    phone.write(birth(1))
    phone.until_counted("sent", 1)
    (wrong,) = phone.rows()
    phone.page.select_option("#own", "99.01.01.1001")  # the phone serves another village by now
    # The gateway finds the bank account that the phone does not.
    correct(
        phone, wrong["seq"], correction_reason="Lihat rekening 12345678",
        family_card_token=birth(1)["family_card_token"],
    )  # fmt: skip
    phone.until_counted("refused", 1)
    assert (phone.page.locator("#rows .why").text_content() or "").startswith("Alasan pembetulan")
    phone.page.locator("#rows").get_by_text("Perbaiki", exact=True).click()
    phone.until("document.getElementById('save').textContent === 'Simpan pembetulan'")
    phone.page.locator("#field-correction_reason").fill(REASON)
    phone.page.locator("#save").click()
    phone.until_counted("sent", 2)
    headers, data = ground.of(phone.rows()[1]["id"])
    assert (data["corrects"], headers["ce_source"].decode()) == (wrong["id"], SOURCE)
