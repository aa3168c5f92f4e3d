"""How large text must be to be read from the back of the room.

Small capitals of 16 arc minutes are the floor and 20 the norm for text on a shared display (NUREG-0700 rev. 3; FAA
human factors). A capital is 0.72 of the font's size; sizes are in vh, so that they follow the screen.
"""

from __future__ import annotations

from math import pi, sqrt, tan

CAPITAL = 0.72
ASPECT = 16 / 9
INCH = 0.0254


def font_vh(arc_minutes: float, screen_inches: float, distance_metres: float) -> float:
    """Font size in vh whose capitals subtend ``arc_minutes`` at the distance, on a 16:9 screen."""
    height = screen_inches * INCH / sqrt(1 + ASPECT**2)
    capital = 2 * distance_metres * tan(arc_minutes / 60 * pi / 180 / 2)
    return capital / CAPITAL / height * 100


def typescale(screen_inches: float, distance_metres: float) -> str:
    """The style sheet with the sizes of this wall: floor for small print, norm for text, twice that for figures."""
    floor = font_vh(16, screen_inches, distance_metres)
    norm = font_vh(20, screen_inches, distance_metres)
    return f":root{{--floor:{floor:.2f}vh;--text:{norm:.2f}vh;--figure:{norm * 2:.2f}vh}}\n"
