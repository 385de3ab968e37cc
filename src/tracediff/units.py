"""The only place where numbers become text."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

_STEPS = ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us"))


def duration(ns: int) -> str:
    """`1.720 ms`, `304.000 us`, `87 ns`: three decimals of the largest unit that leaves a whole number."""
    for size, unit in _STEPS:
        if abs(ns) >= size:
            return f"{ns / size:.3f} {unit}"
    return f"{ns} ns"


def tick(ns: int) -> str:
    """`0`, `1.5 ms`, `200 us` for an axis: as many decimals as it takes."""
    for size, unit in _STEPS:
        if ns >= size:
            return f"{f'{ns / size:.9f}'.rstrip('0').rstrip('.')} {unit}"
    return f"{ns} ns" if ns else "0"


def difference(ns: int) -> str:
    """A duration with its sign, which `0 ns` has none of."""
    return f"+{duration(ns)}" if ns > 0 else duration(ns)


def torch_duration(us: float) -> str:
    """As `torch.autograd.profiler_util._format_time` prints microseconds: `3.737ms`, `304.000us`."""
    if us >= 1_000_000:
        return f"{us / 1_000_000:.3f}s"
    if us >= 1_000:
        return f"{us / 1_000:.3f}ms"
    return f"{us:.3f}us"


def percent(part: float) -> str:
    """`12.3 %` of a fraction; no `-0.0 %`."""
    return f"{round(part * 100, 1) + 0.0:.1f} %"


def torch_percent(part: int, whole: int) -> str:
    """As `torch.autograd.profiler_util._format_time_share` prints it: `56.92%`."""
    return f"{part * 100 / whole:.2f}%" if whole else "NaN"


def signed_percent(part: float) -> str:
    """`+12.3 %`, `-4.0 %`; no sign where it would be one of `0.0 %`."""
    rounded = round(part * 100, 1)
    return f"{rounded:+.1f} %" if rounded else "0.0 %"


def ratio(value: float) -> str:
    """`1.23x`: candidate over base."""
    return f"{value:.2f}x"


def significant(value: float) -> str:
    """`1.72`, `0.0994`: three digits that mean something."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:#.3g}"


def rate(value: float | None, unit: str, share: float | None) -> str:
    """`1.72 GFLOP/s (14.0 % of peak)`, as far as known."""
    if value is None:
        return ""
    return f"{significant(value)} {unit}" + ("" if share is None else f" ({percent(share)} of peak)")


def interval(bounds: tuple[float, float]) -> str:
    """`+1.2 % to +3.4 %`, of an interval of the ratio candidate over base."""
    return " to ".join(signed_percent(bound - 1) for bound in bounds)


def p_value(p: float) -> str:
    """`0.008`, `< 0.001`."""
    return f"{p:.3f}" if p >= 0.001 else "< 0.001"


def calls(count: float) -> str:
    """`53`, or `5.5` where iterations differ."""
    return f"{count:g}" if count != round(count) else f"{count:.0f}"


def number_of_calls(count: float) -> str:
    """`1 call`, `53 calls`, `5.5 calls`."""
    return f"{calls(count)} call{'' if count == 1 else 's'}"


def count(number: int, noun: str) -> str:
    """`1 iteration`, `3 iterations`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def size(number: int) -> str:
    """`1,234 MB` of bytes, `0.2 MB` or `12 kB` of few."""
    if number < 100_000:
        return f"{number / 1_000:.0f} kB"
    return f"{number / 1_000_000:,.{1 if number < 10_000_000 else 0}f} MB"


def date(ns: int) -> str:
    """`2026-11-25 03:48`, as the clock on the wall showed it, of nanoseconds since 1970."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(ns // 1_000_000_000))


def reading(done: int, total: int) -> str:
    """How far reading has come: `reading 310 MB of 2,000 MB`; what comes next where all is read.

    A total of 0 is one that nobody knows.
    """
    if not total:
        return f"reading {size(done)}"
    return f"reading {size(done)} of {size(total)}" if done < total else f"read {size(total)}, analysing"


def short_name(operator: str) -> str:
    """An operator without the namespace that nearly all share: `addmm`, but `mkldnn::_linear_pointwise`."""
    return printable(operator.removeprefix("aten::"))


def printable(text: str) -> str:
    """The text with control characters escaped: a name in a trace must not move the cursor or break a line."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def chain(names: tuple[str, ...]) -> str:
    """`thnn_conv2d > _slow_conv2d_forward`."""
    return " > ".join(short_name(name) for name in names)


def with_operator(family: str, operators: Iterable[str]) -> str:
    """A family, with its operator where there is one and the name does not say it: `pooling (max_pool2d)`."""
    names = {short_name(operator) for operator in operators}
    if len(names) == 1 and (only := names.pop()) not in (family, short_name(family)):
        return f"{family} ({only})"
    return family


def ways(implementations: Sequence[tuple[tuple[str, ...], float]]) -> str:
    """`mkldnn_convolution (20) + thnn_conv2d (33)`: chains, with their calls if there are several."""
    if len(implementations) == 1:
        return chain(implementations[0][0])
    return " + ".join(f"{chain(names)} ({calls(count)})" for names, count in implementations)


def change_of_ways(base: str, candidate: str) -> str:
    """`_slow_conv2d_forward -> mkldnn_convolution`, or the one way that both sides went."""
    return base if base == candidate else f"{base or '-'} -> {candidate or '-'}"
