"""What people see and touch: every control has a name and is big enough, and large text fits."""

from __future__ import annotations

import pytest
from phone import SIZE, Phone
from test_offline import birth

pytestmark = [pytest.mark.kafka, pytest.mark.browser, pytest.mark.timeout(300)]
#: CSS pixels that a finger hits; Android's own guideline.
TOUCH = 48
NAMELESS = """() => [...document.querySelectorAll('a, button, input, select')].filter((n) => n.checkVisibility()
    && !(n.textContent.trim() || n.getAttribute('aria-label') || n.labels?.length)).map((n) => n.outerHTML)"""
SMALL = """(least) => [...document.querySelectorAll('button, select, input, .check, .kind')].filter((n) => n.checkVisibility()
    && !n.closest('.check, .kind')?.contains(n.parentElement)).filter((n) => n.type !== 'checkbox' && n.type !== 'radio')
    .filter((n) => n.getBoundingClientRect().height < least).map((n) => n.outerHTML)"""


def test_controls_have_names_and_large_text_fits(phone: Phone) -> None:
    page = phone.page
    phone.net(None)
    phone.write(birth(1), birth(2))
    for form in ("Kelahiran", "Kematian", "Datang", "Pindah"):
        page.locator(".kind", has_text=form).click()
        assert page.evaluate(NAMELESS) == []
        assert page.evaluate(SMALL, TOUCH) == []
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert page.evaluate("document.documentElement.scrollWidth") <= SIZE["width"], form
        page.evaluate("document.documentElement.style.fontSize = ''")
    assert page.locator("h1").count() == 1
    assert page.evaluate("document.documentElement.lang") == "id"
    assert phone.problems == []
