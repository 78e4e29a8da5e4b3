"""Charts as SVG with the same numbers as a table: readable without colours, scripts or eyes; knows no ledger."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from crossdock.workbench.spans import day_of

WIDTH, HEIGHT = 600, 190
LEFT, RIGHT, TOP, BOTTOM = 52, 8, 8, 24
ROWS: Final = 48
"""Rows a table has at most; it sums up what lies between."""


@dataclass(frozen=True, slots=True)
class Series:
    """One line or row of bars: a name, a value for each moment (None: nothing known), and the class that colours it."""

    name: str
    values: Sequence[float | None]
    colour: str = "0"


@dataclass(frozen=True, slots=True)
class Chart:
    """What is shown: moments (starts of steps), series, how values are written. `bars` stacks the series."""

    identity: str
    title: str
    moments: Sequence[datetime]
    series: Sequence[Series]
    write: Callable[[float | None], str] = lambda value: (
        "–" if value is None else formats.number_format(value, 0, force_grouping=True)
    )
    bars: bool = False

    @property
    def top(self) -> float:
        """The highest value of the axis: a round number above the highest shown."""
        if self.bars:
            highest = max((sum(s.values[n] or 0 for s in self.series) for n in range(len(self.moments))), default=0)
        else:
            highest = max((value for s in self.series for value in s.values if value is not None), default=0)
        return _round_up(highest)

    def svg(self) -> SafeString:
        """The picture; its description is the title and the last values."""
        top, count = self.top, max(1, len(self.moments))
        lines = [
            format_html(
                '<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/><text class="label" x="{}" y="{}" text-anchor="end">{}</text>',
                LEFT, WIDTH - RIGHT, _y(part * top, top), _y(part * top, top), LEFT - 5, _y(part * top, top) + 4,
                self.write(part * top) if part else "0",
            )
            for part in (0.0, 0.5, 1.0)
        ]  # fmt: skip
        drawn = self._bars(top, count) if self.bars else self._lines(top, count)
        return format_html(
            '<svg viewBox="0 0 {} {}" role="img" aria-label="{}"><g>{}</g><g>{}</g><g>{}</g></svg>',
            WIDTH, HEIGHT, f"{self.title}: {self.summary()}", mark_safe("".join(lines)), mark_safe("".join(drawn)), self._times(count),  # noqa: S308
        )  # fmt: skip

    def summary(self) -> str:
        """The latest value of each series in words."""
        return ", ".join(
            f"{each.name} {self.write(next((v for v in reversed(each.values) if v is not None), None))}" for each in self.series
        )

    def _times(self, count: int) -> SafeString:
        if not self.moments:
            return SafeString("")
        places = sorted({0, count // 3, 2 * count // 3, count - 1})
        days = (self.moments[-1] - self.moments[0]).days
        return format_html_join(
            "",
            '<text class="label" x="{}" y="{}" text-anchor="{}">{}</text>',
            (
                (
                    _x(place, count), HEIGHT - 6, "start" if place == 0 else "end" if place == count - 1 else "middle",
                    _written(self.moments[place], days),
                )
                for place in places
            ),
        )  # fmt: skip

    def _bars(self, top: float, count: int) -> list[SafeString]:
        width = max(0.8, (WIDTH - LEFT - RIGHT) / count - 1)
        drawn = []
        for place in range(count):
            below = 0.0
            for each in self.series:
                value = each.values[place] if place < len(each.values) else None
                if value:
                    high, low = _y(below + value, top), _y(below, top)
                    drawn.append(
                        format_html(
                            '<rect class="bar f{}" x="{}" y="{}" width="{}" height="{}"/>',
                            each.colour, round(_x(place, count) - width / 2, 1), high, round(width, 1), round(max(0.5, low - high), 1),
                        )
                    )  # fmt: skip
                    below += value
        return drawn

    def _lines(self, top: float, count: int) -> list[SafeString]:
        drawn = []
        for each in self.series:
            pieces: list[list[str]] = [[]]
            for place, value in enumerate(each.values):
                if value is None:
                    pieces.append([])
                else:
                    pieces[-1].append(f"{_x(place, count)},{_y(value, top)}")
            for points in filter(None, pieces):
                if len(points) == 1:
                    x, _comma, y = points[0].partition(",")
                    drawn.append(format_html('<circle class="f{}" cx="{}" cy="{}" r="3"/>', each.colour, x, y))
                else:
                    drawn.append(format_html('<polyline class="line s{}" points="{}"/>', each.colour, " ".join(points)))
        return drawn

    def table(self) -> list[tuple[datetime, list[str]]]:
        """The numbers: one row a step, only those where there is something, the newest first."""
        rows = [
            (at, [self.write(each.values[place]) for each in self.series])
            for place, at in enumerate(self.moments)
            if any(each.values[place] for each in self.series)
        ]
        return rows[::-1][:ROWS]


def _x(place: int, count: int) -> float:
    step = (WIDTH - LEFT - RIGHT) / count
    return round(LEFT + step * (place + 0.5), 1)


def _y(value: float, top: float) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * (value / top if top else 0), 1)


def _round_up(value: float) -> float:
    if value <= 0:
        return 1.0
    scale = 1.0
    while scale < value:
        scale *= 10
    while scale / 10 >= value:
        scale /= 10
    return next(scale * part for part in (0.1, 0.2, 0.25, 0.4, 0.5, 0.75, 1.0) if scale * part >= value * 0.999)


def _written(at: datetime, days: int) -> str:
    here = timezone.localtime(at)
    return day_of(here) if days > 1 else f"{here:%H:%M}"
