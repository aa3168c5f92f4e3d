"""The command line's language: sources are Indonesian, English stands in ``locale/en.po``.

``_("…")`` translates a text that is shown now; ``lang`` is settled before the first command is declared, because
help texts are read when the commands are declared.
"""

from __future__ import annotations

import contextlib
import gettext
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

CATALOGUES = Path(__file__).with_name("locale")
INDONESIAN = "id"
LANGUAGES = (INDONESIAN, "en")

_translations: gettext.NullTranslations = gettext.NullTranslations()
_language = INDONESIAN


def _(text: str) -> str:
    """The text in the language chosen; the Indonesian text itself when it has no translation."""
    return _translations.gettext(text)


def choose(wanted: str) -> None:
    """Show texts in this language from now on. Raises ValueError for one we do not have."""
    global _translations, _language  # noqa: PLW0603
    if wanted not in LANGUAGES:
        raise ValueError(f"bahasa {wanted!r} tidak dikenal; pilih {' atau '.join(LANGUAGES)}")
    _translations = gettext.NullTranslations() if wanted == INDONESIAN else _catalogue(wanted)
    _language = wanted


def language() -> str:
    """The language chosen."""
    return _language


def asked(arguments: Sequence[str] = sys.argv[1:]) -> str:
    """The language asked for by ``--lang`` or ``NADI_LANG``, before the arguments are parsed."""
    for position, argument in enumerate(arguments):
        if argument.startswith("--lang="):
            return argument.removeprefix("--lang=")
        if argument == "--lang" and position + 1 < len(arguments):
            return arguments[position + 1]
    return os.environ.get("NADI_LANG", INDONESIAN)


def _catalogue(name: str) -> gettext.NullTranslations:
    """The catalogue, kept compiled in the user's cache; compiled again whenever the ``.po`` file changes."""
    source = CATALOGUES / f"{name}.po"
    import platformdirs

    compiled = Path(platformdirs.user_cache_dir("nadi")) / f"{name}-{source.stat().st_mtime_ns}.mo"
    if compiled.is_file():
        return gettext.GNUTranslations(io.BytesIO(compiled.read_bytes()))
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with source.open("rb") as stream:
        catalogue = read_po(stream, locale=name)
    made = io.BytesIO()
    write_mo(made, catalogue)
    with contextlib.suppress(OSError):  # no cache is slower, not worse
        compiled.parent.mkdir(parents=True, exist_ok=True)
        for old in compiled.parent.glob(f"{name}-*.mo"):
            old.unlink(missing_ok=True)
        draft = compiled.with_suffix(f".{os.getpid()}")
        draft.write_bytes(made.getvalue())
        draft.replace(compiled)
    return gettext.GNUTranslations(io.BytesIO(made.getvalue()))
