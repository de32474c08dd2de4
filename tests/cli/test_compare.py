"""`eventlab compare`: what it tells, what it refuses, and that no mean comes without its interval."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import pytest

from .commands import CHAIN, SHORT_CHAIN, ended, eventlab, names, sets, start, until

LATENCY = "services.backend.model.latency"
SLOWER = ("compare", *SHORT_CHAIN, "--set", f"{LATENCY}=15ms,30ms", "--replications", "4", "--workers", "1")
SAME = ("compare", *SHORT_CHAIN, "--set", f"{LATENCY}=15ms,0.015s", "--replications", "3", "--workers", "1")


def test_a_planted_difference_is_found_and_told_in_words(here: Path) -> None:
    told = eventlab(*SLOWER, "--metric", "latency.p50")
    assert (told.code, told.err) == (0, "")
    assert f"  a  {LATENCY}=15ms\n  b  {LATENCY}=30ms\n" in told.out
    assert re.search(r"\nlatency.p50, in ms\n  a  .+ ± .+\n  b  .+ ± .+   higher by 1\d\.\d+ ± .+ \(95 %\)", told.out)
    assert "a, b  4 of 4 (51 % to 100 %)" in told.out
    assert names(here) == []


def test_policies_that_mean_the_same_show_no_difference(here: Path) -> None:
    told = eventlab(*SAME)
    assert told.code == 0
    assert told.out.count("no difference: the same in each of 3 replications") > 3
    assert not re.search("higher|lower|correlation", told.out)


def test_luck_is_no_difference_and_says_what_would_have_been_seen(here: Path) -> None:
    told = eventlab(
        "compare", *SHORT_CHAIN, "--set", "services.backend.model.failure_rate=1%,1.2%", "--replications", "3",
        "--workers", "1", "--metric", "answers.failed",
    )  # fmt: skip
    assert re.search(r"no difference shown \(.+ ± .+, 95 %\)", told.out)
    assert re.search(r"3 replications can see\s+differences from", told.out)


def unguarded(text: str) -> list[str]:
    """Lines of the metrics that show a number which no interval follows."""
    metrics = text[text.index("\n\n", text.index("Runs that met")) :]
    rows = [line for line in metrics.splitlines() if re.match(r"  [a-p]  ", line)]
    assert rows
    return [row for row in rows if not re.match(r"  [a-p]  +−?[\d.,]+ ± [\d.,]+($|  )|  [a-p]  in \d+ of", row)]


@pytest.mark.parametrize("confidence", ["95%", "0.999"])
def test_a_mean_is_never_printed_without_its_interval(here: Path, confidence: str) -> None:
    told = eventlab(*SLOWER, "--metric", "all", "--confidence", confidence)
    assert told.code == 0 and unguarded(told.out) == []
    words = re.findall(r"(?:higher|lower) by ([^;\n]+)", told.out)
    assert words and all(" ± " in found for found in words)
    assert max(map(len, told.out.splitlines())) <= 100


def test_a_planted_mean_without_interval_would_be_seen() -> None:
    assert unguarded("Runs that met\n\nx\n  a  3.5 ± 0.2\n  b  3.5\n") == ["  b  3.5"]


def test_a_number_that_too_few_runs_have_has_no_mean(here: Path) -> None:
    told = eventlab(*SLOWER, "--metric", "latency.p50", "--set", "services.backend.model.failure_rate=100%")
    assert told.code == 3
    assert "latency.p50, in ms\n  a  in 0 of 4 runs: too few for an interval, so no mean\n" in told.out
    assert "Nothing could be compared" in told.out


def test_a_warm_up_that_no_run_outlasts_is_all_that_is_told(here: Path) -> None:
    told = eventlab(*SLOWER, "--metric", "latency.p50", "--warm-up", "1000s")
    assert (told.code, told.out) == (2, "")
    assert re.match(r"--warm-up 1000s: every run had ended by then, the longest after \d+[.\d]* s, so", told.err)


def test_a_warm_up_can_be_found_and_is_told(here: Path) -> None:
    longer = ("compare", CHAIN, *sets(f"{LATENCY}=15ms,30ms", "load.open.for=8s", "faults=[]"), "--replications", "2")
    asked = (*longer, "--workers", "1", "--metric", "answers.ok", "--format", "json", "--warm-up")
    told = eventlab(*asked, "auto")
    found = json.loads(told.out)
    assert told.code == 0 and 0 <= found["warm_up_s"] < 4
    assert eventlab(*asked, f"{found['warm_up_s']}s") == told


def test_json_has_every_value_and_the_seeds_to_run_them_again(here: Path) -> None:
    told = eventlab(*SLOWER, "--metric", "latency.p50", "--format", "json", "--seed", "7")
    found = json.loads(told.out)
    (metric,) = found["metrics"]
    assert (found["seed"], found["confidence"], len(found["seeds"])) == (7, 0.95, 4)
    assert found["variants"] == {"a": [f"{LATENCY}=15ms"], "b": [f"{LATENCY}=30ms"]}
    assert [len(values) for values in metric["values"].values()] == [4, 4]
    assert all({"half_width", "confidence", "n"} <= set(mean) for mean in metric["means"] + metric["differences"])
    eventlab("run", *SHORT_CHAIN, *sets(f"{LATENCY}=30ms"), "--seed", str(found["seeds"][2]), "--out", "x")
    again = json.loads((here / "x" / "summary.json").read_text())
    assert again["latency_ms"]["p50"] == metric["values"]["b"][2]


@pytest.mark.parametrize("format_", ["text", "json"])
def test_any_number_of_workers_gives_the_same_bytes(here: Path, format_: str) -> None:
    few = [*SLOWER[:-4], "--replications", "2", "--format", format_]
    assert eventlab(*few, "--workers", "1") == eventlab(*few, "--workers", "2")


def test_three_variants_are_compared_with_the_first_and_hold_together(here: Path) -> None:
    told = eventlab(
        "compare", *SHORT_CHAIN, "--set", f"{LATENCY}=15ms,25ms,35ms", "--replications", "3", "--workers", "1",
        "--metric", "latency.p50", "--confidence", "90%",
    )  # fmt: skip
    assert "The differences in a block hold together with 90 %." in " ".join(told.out.split())
    assert told.out.count("(95 %)") == 2


REFUSED = {
    "nothing to compare": ([], "nothing to compare: no --set has several values"),
    "a path without values": (
        ["--set", "policies.breaker.enabled"],
        "--set policies.breaker.enabled has no values: write them after a =",
    ),
    "an unknown path": (
        ["--set", "policies.braker.enabled=true,false"],
        "--set policies.braker.enabled=true: policies.braker: unknown key; did you mean 'breaker'?",
    ),
    "one run": (
        ["--set", "policies.breaker.enabled=true,false", "--replications", "1"],
        "replications is 1; expected a whole number from 2 on",
    ),
    "no workers": (
        ["--set", "policies.breaker.enabled=true,false", "--workers", "0"],
        "workers is 0; expected a whole number from 1 on",
    ),
    "an unknown metric": (
        ["--set", "policies.breaker.enabled=true,false", "--metric", "latency.p9"],
        "--metric latency.p9: nothing is called 'latency.p9'; did you mean 'latency.p99'?",
    ),
    "a confidence of 95": (
        ["--set", "policies.breaker.enabled=true,false", "--confidence", "95"],
        "--confidence 95: 95.0 is not a probability; expected 0 to 1, or 0% to 100%",
    ),
    "certainty": (
        ["--set", "policies.breaker.enabled=true,false", "--confidence", "100%"],
        "confidence is 1.0; expected a number between 0 and 1",
    ),
    "no number": (
        ["--set", "policies.breaker.enabled=true,false", "--confidence", "very"],
        "--confidence is 'very'; expected a share between 0 % and 100 %",
    ),
    "a warm-up without a unit": (
        ["--set", "policies.breaker.enabled=true,false", "--warm-up", "5"],
        "--warm-up 5: 5 has no unit; write 5s, 5ms or 5min",
    ),
    "an app without a function": (
        ["--set", "policies.breaker.enabled=true,false", "--app", "shop"],
        "--app shop: expected module:function, as in myshop.lab:services",
    ),
    "two seeds": (
        ["--set", "policies.breaker.enabled=true,false", "--set", "seed=2", "--seed", "3"],
        "--seed 3 and --set seed=2 both give the seed: leave one of them out",
    ),
}


@pytest.mark.parametrize(("args", "says"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_compared_is_refused_before_anything_runs(here: Path, args: list[str], says: str) -> None:
    told = eventlab("compare", CHAIN, *args)
    assert (told.code, told.out) == (2, "")
    assert told.err.startswith(says), told.err


APP = "question: Does it?\nservices:\n  a: {app: mine}\nload:\n  open: {rate: 1/s, for: 1s, target: a}\n"


def test_an_app_that_nobody_brought_is_named(here: Path) -> None:
    (here / "x.yaml").write_text(APP)
    told = eventlab("compare", "x.yaml", "--set", "policies.breaker.enabled=true,false")
    assert told.code == 2
    assert "services.a.app: nobody brought 'mine'; add --app module:function" in told.err


def test_an_error_of_a_run_tells_with_which_seed_it_happened(here: Path) -> None:
    code = "def services():\n    return {'mine': build}\n\ndef build(*args):\n    raise LookupError('gone')\n"
    (here / "faulty.py").write_text(code)
    (here / "x.yaml").write_text(APP)
    args = ("x.yaml", "--set", "policies.breaker.enabled=true,false", "--app", "faulty:services", "--workers", "1")
    told = eventlab("compare", *args)
    assert told.code == 4
    assert "LookupError: gone" in told.err and "\nin replication 0, with seed 187979477166231\n" in told.err


@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_ends_a_comparison_at_once(here: Path, workers: str) -> None:
    process = start(
        "compare", CHAIN, "--set", "policies.breaker.enabled=true,false", "--replications", "500",
        "--workers", workers, cwd=here,
    )  # fmt: skip
    until(lambda: _is_running(process.pid), process)
    process.send_signal(signal.SIGINT)
    assert ended(process) == (130, "", "interrupted\n")


def _is_running(process_id: int) -> bool:
    """Whether it has taken a second of processor time, or has children: then it is past its imports."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    children = Path(f"/proc/{process_id}/task/{process_id}/children").read_text().split()
    return int(fields[11]) > 150 or len(children) > 2
