"""Parts of the guest in this process, with a torch where one is needed."""

from __future__ import annotations

import contextlib
import functools
import json
import types
from collections import UserDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tracediff_capture import models, session
from tracediff_capture.digest import digest, nonfinite
from tracediff_capture.engines import prepare
from tracediff_capture.errors import GuestError
from tracediff_capture.own_frames import without_own_frames
from tracediff_capture.request import Request
from tracediff_capture.workloads import Workload, make_workload


@functools.cache
def torch() -> Any:
    return pytest.importorskip("torch")


def workload(model: Any, *inputs: Any, **keywords: Any) -> Workload:
    return Workload("mine", model, inputs, keywords, {})


def test_frames_outside_of_the_marks_go_and_nothing_else_changes() -> None:
    def event(category: str, name: str, start: float, end: float) -> str:
        return f'\n  {{"ph": "X", "cat": "{category}", "name": "{name}", "ts": {start!r}, "dur": {end - start!r}}}'

    inside = event("python_function", "forward", 11.25, 12.5)
    kept = [event("user_annotation", "tracediff::iteration#0", 10.125, 20.0), inside, event("Trace", "all", 0.0, 99.0)]
    guests = [event("python_function", name, *times) for name, times in (("run", (1.0, 90.0)), ("exit", (19.0, 25.0)))]

    def trace(*events: str) -> str:
        return '{"schemaVersion": 1, "traceEvents": [' + ",".join(events) + '\n  ],"traceName": "]" }'

    assert without_own_frames(trace(kept[0], guests[0], *kept[1:], guests[1]), "tracediff::") == trace(*kept)
    assert json.loads(without_own_frames(trace(guests[0], *kept), "tracediff::")) == json.loads(trace(*kept))
    broken = trace(*kept, guests[1]).replace("run", 'ru"n').replace("exit", 'ex"it')
    assert without_own_frames(broken, "tracediff::") == broken
    assert without_own_frames("{}", "tracediff::") == "{}"


class FakeTorch:
    """Notes when autocast is entered and left, and when the device is waited for."""

    bfloat16 = "bfloat16"

    def __init__(self) -> None:
        self.said: list[str] = []
        self.cuda = types.SimpleNamespace(synchronize=lambda: self.said.append("synchronize"))

    @contextlib.contextmanager
    def autocast(self, device: str, **options: Any) -> Iterator[None]:
        self.said.append(" ".join(["autocast", device, *(f"{name}={value}" for name, value in options.items())]))
        yield
        self.said.append("left")


def test_each_inference_enters_autocast_and_waits_for_its_device() -> None:
    fake = FakeTorch()
    model = workload(lambda: fake.said.append("model"))
    prepared = prepare(Request("label", dtype="bf16"), fake, model, "cuda")
    assert fake.said == ["autocast cuda dtype=bfloat16 cache_enabled=False", "left"]
    fake.said.clear()

    prepared.run()
    prepared.run()

    assert fake.said == ["autocast cuda dtype=bfloat16", "model", "left", "synchronize"] * 2


def test_fp32_on_the_cpu_needs_neither() -> None:
    fake = FakeTorch()

    assert prepare(Request("label"), fake, workload(lambda: 7), "cpu").run() == 7
    assert not fake.said


def test_torchscript_says_which_way_it_took() -> None:
    linear = torch().nn.Linear(4, 2)
    ones = torch().ones(1, 4)
    request = Request("label", engine="torchscript")

    assert prepare(request, torch(), workload(linear, ones), "cpu").detail == "trace"
    assert prepare(request, torch(), workload(linear, input=ones), "cpu").detail == "script"


def test_torchscript_that_fails_both_ways_says_both_reasons() -> None:
    class Stubborn(torch().nn.Module):
        def forward(self, *values: Any) -> Any:
            raise RuntimeError("not while tracing")

    with pytest.raises(GuestError, match=r"neither trace it \(not while tracing\) nor script it \(.+\)"):
        prepare(Request("label", engine="torchscript"), torch(), workload(Stubborn(), torch().ones(1)), "cpu")


def test_digest_counts_what_json_cannot_say() -> None:
    (found,) = digest(torch(), {"logits": torch().tensor([[1.0, float("nan"), float("-inf")]])})

    assert found["values"] == [1.0, None, None]
    assert (found["norm"], found["nonfinite"]) == (None, 2)
    assert nonfinite([found, {"undigested": "sparse"}]) == 2


def test_digest_of_any_mapping() -> None:
    found = digest(torch(), UserDict(last=torch().ones(2, 3), more=(torch().zeros(()), "no tensor")))

    assert [each["shape"] for each in found] == [[2, 3], []]


def test_digest_of_a_tensor_without_plain_values_is_the_reason() -> None:
    (found,) = digest(torch(), [torch().eye(3).to_sparse()])

    assert found["shape"] == [3, 3]
    assert found["undigested"]


FACTORIES = """
from __future__ import annotations

from collections import UserDict
from dataclasses import dataclass


@dataclass
class Settings:
    width: int = 3


def nothing():
    return (lambda x: x), (0,)

def named(width=7, batch_size=1):
    return (lambda x: x), (width, batch_size)

def needed(size, width=7):
    return (lambda x: x), (size, width)

def unrelated(width=7):
    return (lambda x: x), (width,)

def only_by_name(*, batch):
    return (lambda x: x), (batch,)

def mapping(*anything, **more):
    return (lambda x: x), UserDict(x=Settings().width)
"""


@pytest.mark.parametrize(
    ("name", "inputs", "keywords"),
    [
        ("nothing", (0,), {}),
        ("named", (7, 5), {}),
        ("needed", (5, 7), {}),
        ("unrelated", (7,), {}),
        ("only_by_name", (5,), {}),
        ("mapping", (), {"x": 3}),
    ],
)
def test_factories(tmp_path: Path, name: str, inputs: tuple[int, ...], keywords: dict[str, int]) -> None:
    (tmp_path / "mine.py").write_text(FACTORIES)

    made = make_workload(f"{tmp_path}/mine.py:{name}", None, batch=5)

    assert (made.inputs, made.keywords) == (inputs, keywords)


@pytest.mark.parametrize("error", [ImportError, NameError, RuntimeError])
def test_a_transformers_that_does_not_fit_gives_the_plain_model(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def fails(config: Any) -> Any:
        raise error("needs a newer torch")

    fitting = types.SimpleNamespace(BertConfig=lambda **_: "config", BertModel=fails)
    monkeypatch.setattr(models.importlib, "import_module", lambda _: fitting)
    monkeypatch.setattr(models, "_plain_language_model", lambda torch, layers: f"plain with {layers} layers")

    model, _ = models.bert(types.SimpleNamespace(randint=lambda *_: "tokens"), 1)

    assert model == "plain with 12 layers"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[Iterator[int]], None]:
    """Makes iterations take the given seconds."""

    def set_clock(seconds: Iterator[int]) -> None:
        now = [0]

        def timed(run: Any) -> int:
            taken = next(seconds)
            now[0] += taken
            return taken * 10**9

        monkeypatch.setattr(session, "_timed", timed)
        monkeypatch.setattr(session.time, "monotonic", lambda: now[0])

    return set_clock


@pytest.mark.parametrize(
    ("seconds", "at_least", "expected"),
    [
        ([10] * 99, 10, 10),  # stable from the start
        ([9, 1] * 99, 10, 22),  # never: a minute from the tenth on
        ([90, 10] * 99, 0, 0),
    ],
)
def test_warm_up_lasts_at_most_a_minute_longer(
    clock: Callable[[Iterator[int]], None], seconds: list[int], at_least: int, expected: int
) -> None:
    clock(iter(seconds))

    times, count = session._warm_up(lambda: None, at_least)

    assert count == len(times) == expected


def test_warm_up_keeps_the_last_thousand(clock: Callable[[Iterator[int]], None]) -> None:
    clock(iter([1] * 1500))

    times, count = session._warm_up(lambda: None, 1500)

    assert (len(times), count) == (1000, 1500)
