"""The PHP file parses, and uses nothing newer than PHP 7.2: checked by patterns on its tokens, no 7.2 is at hand."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest
from relay_ground import PHP

#: What came after 7.2, and how it looks once strings and comments are taken out.
NEWER = {
    "7.3 flexible heredoc, trailing comma in calls": r",\s*\)\s*(;|->|\.|,|\)|\?|&&|\|\|)",
    "7.3 and later functions": r"\b(array_key_first|array_key_last|is_countable|hrtime|str_contains|str_starts_with|str_ends_with|"
    r"array_is_list|get_debug_type|mb_str_split|fdiv|array_find|array_any|array_all|json_validate|mb_trim|array_first|array_last|"
    r"http_get_last_response_headers|password_algos|net_get_interfaces)\s*\(",
    "7.3 JSON_THROW_ON_ERROR": r"\bJSON_THROW_ON_ERROR\b",
    "7.4 arrow function": r"\bfn\s*\(",
    "7.4 ??=": r"\?\?=",
    "7.4 spread in arrays": r"[\[,(]\s*\.\.\.",
    "7.4 numbers with underscores": r"\b\d+_\d",
    "7.4 typed properties": r"\b(public|private|protected|static|var)\s+\??[A-Za-z_\\]+\s+\$",
    "8.0 match": r"\bmatch\s*\(",
    "8.0 nullsafe": r"\?->",
    "8.0 named arguments": r"[(,]\s*[a-z_]\w*\s*:(?!:)",
    "8.0 attributes": r"#\[",
    "8.0 catch without a variable": r"\bcatch\s*\(\s*[\w\\|]+\s*\)",
    "8.0 throw as an expression": r"(\?\?|\?|:|=>|=|&&|\|\||\bor)\s*throw\b",
    "8.0 union types": r"\w\|\w+\s+\$",
    "8.1 enum, readonly, never": r"\b(enum\s+\w+|readonly|never)\b",
    "8.1 first-class callables": r"\(\s*\.\.\.\s*\)",
}
STRIP = r"""
$kept = '';
foreach (token_get_all(file_get_contents($argv[1])) as $t) {
    $id = is_array($t) ? $t[0] : 0;
    if (in_array($id, [T_COMMENT, T_DOC_COMMENT, T_INLINE_HTML, T_OPEN_TAG])) $kept .= ' ';
    elseif (in_array($id, [T_CONSTANT_ENCAPSED_STRING, T_ENCAPSED_AND_WHITESPACE])) $kept .= "''";
    else $kept .= is_array($t) ? $t[1] : $t;
}
echo json_encode($kept);
"""


def newer(code: str) -> list[str]:
    """What is newer than 7.2 in code without strings and comments; a ``?`` and its ``:`` are no named argument."""
    return [what for what, pattern in NEWER.items() if re.search(pattern, code)]


def test_it_parses(needs_php: None) -> None:
    done = subprocess.run(["php", "-l", str(PHP)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_is_newer_than_7_2(needs_php: None) -> None:
    done = subprocess.run(
        ["php", "-r", STRIP, "--", str(PHP)], capture_output=True, text=True, timeout=60, check=True
    )
    assert newer(json.loads(done.stdout)) == []


@pytest.mark.parametrize(
    "code",
    [
        "$a ??= 1;", "$f = fn($x) => $x;", "$x?->y();", "match ($x) { 1 => 2 };", "f(name: 1);", "f($a, nama: $b);",
        "class A { public int $x; }", "class A { private ?string $x; }", "#[Attr] function f() {}", "f($a, );", "$n = 1_000;",
        "$a = [...$b];", "try {} catch (Exception) {}", "$x = $y ?? throw new E;", "function f(int|string $x) {}", "strlen(...);",
        "str_contains($a, $b);", "enum Suit {}", "json_decode($x, true, 512, JSON_THROW_ON_ERROR);",
    ],
)  # fmt: skip
def test_the_check_sees(code: str) -> None:
    assert newer(code)


@pytest.mark.skipif(shutil.which("php") is None, reason="no php-cli (make databases installs it)")
def test_it_needs_no_composer_and_no_extension_but_pdo() -> None:
    code = PHP.read_text("utf-8")
    assert not re.search(r"\b(require|include)(_once)?\b", code)
    assert "mb_" not in code
    assert len(code.splitlines()) <= 110
