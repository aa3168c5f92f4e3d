"""The command line's language: sources are Indonesian, English stands in ``locale/en.po``.

``_("…")`` translates a text that is shown now; ``lang`` is settled before the first command is declared, because
help texts are read when the commands are declared.
"""

from __future__ import annotations

import gettext
import os
import sys
from collections.abc import Sequence
from pathlib import Path

CATALOGUES = Path(__file__).with_name("locale")
INDONESIAN = "id"
LANGUAGES = (INDONESIAN, "en")

_translations: gettext.NullTranslations = gettext.NullTranslations()


def _(text: str) -> str:
    """The text in the language chosen; the Indonesian text itself when it has no translation."""
    return _translations.gettext(text)


def choose(language: str) -> None:
    """Show texts in this language from now on. Raises ValueError for one we do not have."""
    global _translations  # noqa: PLW0603
    if language not in LANGUAGES:
        raise ValueError(f"bahasa {language!r} tidak dikenal; pilih {' atau '.join(LANGUAGES)}")
    _translations = gettext.NullTranslations() if language == INDONESIAN else _catalogue(language)


def asked(arguments: Sequence[str] = sys.argv[1:]) -> str:
    """The language asked for by ``--lang`` or ``NADI_LANG``, before the arguments are parsed."""
    for position, argument in enumerate(arguments):
        if argument.startswith("--lang="):
            return argument.removeprefix("--lang=")
        if argument == "--lang" and position + 1 < len(arguments):
            return arguments[position + 1]
    return os.environ.get("NADI_LANG", INDONESIAN)


def _catalogue(language: str) -> gettext.NullTranslations:
    """The catalogue, compiled into the user's cache whenever the ``.po`` file is newer."""
    source = CATALOGUES / f"{language}.po"
    import platformdirs

    compiled = Path(platformdirs.user_cache_dir("nadi")) / f"{language}-{int(source.stat().st_mtime_ns)}.mo"
    if not compiled.is_file():
        from babel.messages.mofile import write_mo
        from babel.messages.pofile import read_po

        compiled.parent.mkdir(parents=True, exist_ok=True)
        with source.open("rb") as stream:
            catalogue = read_po(stream, locale=language)
        temporary = compiled.with_suffix(f".{os.getpid()}")
        with temporary.open("wb") as stream:
            write_mo(stream, catalogue)
        temporary.replace(compiled)
    with compiled.open("rb") as stream:
        return gettext.GNUTranslations(stream)
