"""`--set path=value` changes one value, and is checked like the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from eventlab.errors import ScenarioInvalid
from eventlab.scenarios import run_real, run_virtual
from eventlab.scenarios.loading import load

from .documents import MODELLED, SHOP, put

FAULTY = SHOP + "faults:\n  - {partition: [[orders], [payments]], at: 60s, for: 30s}\n"


def test_a_set_changes_what_the_file_says_and_what_it_leaves_to_defaults(tmp_path: Path) -> None:
    sets = ["seed=7", "policies.breaker.enabled=false", "load.orders.first=3", "faults.0.for=60s"]
    loaded = load(put(tmp_path, FAULTY), sets)
    scenario = loaded.scenario
    assert (scenario.seed, scenario.policies.breaker.enabled, len(loaded.orders)) == (7, False, 3)
    assert scenario.faults[0].for_s == 60.0
    assert loaded.document["policies"] == {"breaker": {"enabled": False}}


def test_a_set_takes_a_list_or_a_mapping_as_well(tmp_path: Path) -> None:
    path = put(tmp_path, MODELLED, orders=None)
    loaded = load(path, ["services.web.model.calls=[]", "services.db.model.latency={exponential: 5ms}"])
    assert loaded.scenario.services["web"].model.calls == ()  # type: ignore[union-attr]


def test_the_last_set_of_a_path_counts(tmp_path: Path) -> None:
    assert load(put(tmp_path, SHOP), ["seed=7", "seed=8"]).scenario.seed == 8


BAD = [
    ("policies.braker.enabled=false", "policies.braker: unknown key; did you mean 'breaker'?"),
    ("policies.breaker.enabled=maybe", "policies.breaker.enabled: expected true or false, found 'maybe'"),
    ("faults.9.for=60s", "faults: has no entry '9'; its entries are 0 to 0"),
    ("faults.first.for=60s", "faults: has no entry 'first'; its entries are 0 to 0"),
    ("faults.0.for=60", "faults[0].for: 60 has no unit; write 60s, 60ms or 60min"),
    ("question.x=1", "question: is 'Does it hold?', and has nothing called 'x' inside"),
    ("seed", "expected path=value, as in policies.breaker.enabled=false"),
    ("=5", "expected path=value, as in policies.breaker.enabled=false"),
    ("seed=", "seed: expected a whole number of at least 0, found nothing"),
    ("seed=[", "not YAML: expected the node content, but found '<stream end>'"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_a_wrong_set_is_told_like_a_wrong_line_but_by_its_own_name(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ScenarioInvalid) as caught:
        load(put(tmp_path, FAULTY), [text])
    assert caught.value.problems == (f"--set {text}: {message}",)


def test_what_was_changed_is_remembered_but_for_the_seed(tmp_path: Path) -> None:
    path = put(tmp_path, SHOP)
    assert load(path).changed == ()
    assert load(path, ["seed=7", "policies.retry.attempts=1", " seed =8"]).changed == ("policies.retry.attempts=1",)


def test_a_run_tells_what_was_changed_on_both_clocks(tmp_path: Path) -> None:
    loaded = load(put(tmp_path, MODELLED), ["load.open.for=100ms", "seed=3"])
    for run in (run_virtual(loaded), run_real(loaded)):
        assert run.summary.changed == ["load.open.for=100ms"]
