"""Bar charts as inline SVG: no script, no style of their own, and a sentence for those who do not see them.

The page's style sheet colours them (``figure svg`` in report.html.j2). Every picture stands beside its table, so
nothing must be read off a bar.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

#: As wide as a phone has room for, so that the letters stay as large as the page's on any screen.
WIDTH = 460
HEIGHT = 250
ROW = 26
FONT = 13
LABEL = 22


def number(value: float) -> str:
    """A number in Indonesian: 1.200 or 0,5."""
    from babel.numbers import format_decimal

    return str(format_decimal(value, format="#,##0.##", locale="id_ID"))


def percent(value: float) -> str:
    """Per hundred, in Indonesian: 29 %."""
    return f"{number(value)} %"


def upright(title: str, labels: Sequence[str], series: Mapping[str, Sequence[float]], every: int = 1) -> str:
    """Upright bars, one colour per series; every n-th label is written."""
    import pygal

    chart = pygal.Bar(
        **_options(number, HEIGHT),
        show_minor_x_labels=every == 1,
        x_labels_major_every=every,
        show_x_guides=False,
    )
    chart.x_labels = list(labels)
    return _drawn(chart, title, series)


def lying(
    title: str,
    labels: Sequence[str],
    series: Mapping[str, Sequence[float]],
    written: Callable[[float], str] = number,
    whole: float | None = None,
) -> str:
    """Lying bars, the first on top; long labels are cut, the table has them whole. ``whole`` is a full bar."""
    import pygal

    reach = {} if whole is None else {"range": (0, whole)}
    chart = pygal.HorizontalBar(**reach, **_options(written, 50 + ROW * len(labels) * (1 + len(series)) / 2))
    chart.x_labels = [label if len(label) <= LABEL else label[: LABEL - 1] + "…" for label in labels][::-1]
    return _drawn(chart, title, {name: list(values)[::-1] for name, values in series.items()})


def _options(written: Callable[[float], str], height: float) -> dict[str, Any]:
    from pygal.style import Style

    return {
        "js": (),
        "css": (),
        "width": WIDTH,
        "height": round(height),
        "show_legend": False,
        "disable_xml_declaration": True,
        "margin": 4,
        "margin_right": 18,
        "spacing": 6,
        "min_scale": 2,
        "max_scale": 5,
        "truncate_label": -1,
        "value_formatter": written,
        "style": Style(label_font_size=FONT, major_label_font_size=FONT, font_family="sans-serif"),
    }


def _drawn(chart: Any, title: str, series: Mapping[str, Sequence[float]]) -> str:
    """The SVG with what a still picture does not need taken out (scripts, styles, tooltips), and its title put in."""

    def still(root: Any) -> Any:
        for parent in list(root.iter()):
            for child in list(parent):
                gone = not isinstance(child.tag, str) or child.tag in ("script", "style", "desc", "defs")
                if gone or ("tooltip" in child.get("class", "") and child.tag == "g"):
                    parent.remove(child)
                elif child.tag == "title":
                    if parent is root:
                        child.text = title
                    else:
                        parent.remove(child)
        root.attrib.pop("id", None)
        root.set("role", "img")
        root.set("aria-label", title)
        return root

    for name, values in series.items():
        chart.add(name, list(values))
    chart.add_xml_filter(still)
    return str(chart.render(is_unicode=True))
