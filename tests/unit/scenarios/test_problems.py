"""Every problem of a file is told at once and in its place; and one problem is told once."""

from __future__ import annotations

from pathlib import Path

import pytest

from .documents import MODELLED, SHOP, problems, put


def test_every_problem_of_a_file_is_told_at_once_and_in_its_place(tmp_path: Path) -> None:
    text = """\
question: hm
sed: 1
services:
  orders: {shop: order, store: {red: 5}}
  payments: {shop: payments}
  a: {model: {latency: uniform(1ms, 5ms), calls: [b]}}
  b: {model: {latency: 20, calls: [a, c], failure_rate: 1.2}}
network: {latency: 5, links: [{between: [orders, payment], loss: -1}]}
load: {orders: {file: order.csv, first: 0, rate: 20}}
faults:
  - {partition: [[orders], [payment]], at: -5s, for: 30}
  - {crash: payments, at: 5s, for: 10s}
  - {crash: payments, at: 10s, for: 10s}
  - {crsh: payments, at: 10s, for: 10s}
policies: {call_timeout: 5 sec, breaker: {enabled: yes, minimum_calls: 30}}
expectations:
  - sagas.stuk == 0
  - latency.p95 < 5
  - "breaker paymnts opens"
  - conflicts <= 5%
"""
    assert problems(put(tmp_path, text)) == [
        "x.yaml:2:1: sed: unknown key; did you mean 'seed'?",
        "x.yaml:4:3: services: orders need the whole shop; missing users, inventory, shipping",
        "x.yaml:4:18: services.orders.shop: found 'order'; did you mean 'orders'?",
        "x.yaml:4:33: services.orders.store.red: unknown key; did you mean 'read'?",
        "x.yaml:6:24: services.a.model.latency: 'uniform(1ms' has no closing bracket; "
        "inside {…} or […] a text with a comma needs quotes",
        "x.yaml:6:37: services.a.model.5ms): unknown key; "
        "known here are latency, capacity, queue_limit, discipline, target, interval, failure_rate, calls, optional, "
        "shards, quorum, replicas, balance, breakers",
        "x.yaml:7:24: services.b.model.latency: 20 has no unit; write 20s, 20ms or 20min",
        "x.yaml:7:39: services.b.model.calls[1]: no modelled service 'c'; there are a, b",
        "x.yaml:7:57: services.b.model.failure_rate: 1.2 is not a probability; expected 0 to 1, or 0% to 100%",
        "x.yaml:8:20: network.latency: 5 has no unit; write 5s, 5ms or 5min",
        "x.yaml:8:50: network.links[0].between[1]: no service 'payment'; did you mean 'payments'?",
        "x.yaml:8:66: network.links[0].loss: -1 is not a probability; expected 0 to 1, or 0% to 100%",
        "x.yaml:9:23: load.orders.file: there is no file 'order.csv'; did you mean 'orders.csv'?",
        "x.yaml:9:41: load.orders.first: expected a whole number of at least 1, found 0",
        "x.yaml:9:50: load.orders.rate: 20 has no unit; write 20/s or 20/min",
        "x.yaml:11:29: faults[0].partition[1][0]: no service 'payment'; did you mean 'payments'?",
        "x.yaml:11:44: faults[0].at: expected a duration of zero or more, found '-5s'",
        "x.yaml:11:54: faults[0].for: 30 has no unit; write 30s, 30ms or 30min",
        "x.yaml:13:5: faults[2]: crash of 'payments' at 10 s: its crash from 5 s on holds until 15 s",
        "x.yaml:14:6: faults[3].crsh: unknown key; did you mean 'crash'?",
        "x.yaml:15:26: policies.call_timeout: unknown unit 'sec' in '5 sec'; expected us, µs, ms, s, min, h",
        "x.yaml:15:52: policies.breaker.enabled: expected true or false, found 'yes'",
        "x.yaml:17:5: expectations[0]: nothing is called 'sagas.stuk'; did you mean 'sagas.stuck'?",
        "x.yaml:18:19: expectations[1]: latency.p95: 5 has no unit; write 5s, 5ms or 5min",
        "x.yaml:19:14: expectations[2]: no service 'paymnts'; did you mean 'payments'?",
        "x.yaml:20:18: expectations[3]: conflicts: is a count that is no share of anything; "
        "expected a whole number, found '5%'",
    ]


ONE_BY_ONE = [
    ("key twice", SHOP + "seed: 1\nseed: 2\n", "x.yaml:11:1: seed: is here twice; the first is in line 10"),
    ("not YAML", "question: [a", "x.yaml:1:13: not YAML: expected ',' or ']', but got '<stream end>'"),
    ("a tab", "a:\n\t- 1", "x.yaml:2:1: not YAML: found character '\\t' that cannot start any token"),
    ("empty", "", "x.yaml:1:1: is empty; a scenario has question, services and load"),
    ("a comment alone", "# hm\n", "x.yaml:1:1: is empty; a scenario has question, services and load"),
    ("a list", "- a\n", "x.yaml:1:1: expected a mapping, found a list"),
    ("not UTF-8", b"question: ok\nseed: \xff\n", "x.yaml:2:7: not UTF-8: byte 0xff"),
    (
        "a control character",
        "question: a\x01",
        "x.yaml:1:12: not YAML: unacceptable character #x0001: special characters are not allowed",
    ),
    (
        "a tag",
        SHOP.replace("Does it hold?", "!!python/name:os.system x"),
        "x.yaml:1:11: question: the tag tag:yaml.org,2002:python/name:os.system means nothing here; write plain values",
    ),
    ("a document in itself", SHOP + "faults: &again [*again]\n", "x.yaml:10:9: faults[0]: contains itself"),
    ("no question", SHOP.replace("question: Does it hold?\n", ""), "x.yaml:1:1: 'question' is missing"),
    ("an empty question", SHOP.replace("Does it hold?", "''"), "x.yaml:1:11: question: expected a text, found ''"),
    ("a negative seed", SHOP + "seed: -1\n", "x.yaml:10:7: seed: expected a whole number of at least 0, found -1"),
    ("a seed of true", SHOP + "seed: true\n", "x.yaml:10:7: seed: expected a whole number of at least 0, found true"),
    ("an empty section", SHOP + "network:\n", "x.yaml:10:1: network: expected a mapping, found nothing"),
    ("faults without a list", SHOP + "faults: none\n", "x.yaml:10:9: faults: expected a list, found 'none'"),
    (
        "a fault of no kind",
        SHOP + "faults: [{at: 5s}]\n",
        "x.yaml:10:10: faults[0]: expected one of the keys "
        "partition, isolate, degrade, crash, failing, pause, slow, clock, stall, slow_disk, full, flip_bit",
    ),
    (
        "a fault of two kinds",
        SHOP + "faults: [{crash: users, partition: [[users], [orders]], at: 5s, for: 1s}]\n",
        "x.yaml:10:10: faults[0]: expected only one of partition, crash",
    ),
    (
        "a fault that lasts no time",
        SHOP + "faults: [{crash: users, at: 5s, for: 0s}]\n",
        "x.yaml:10:38: faults[0].for: expected a duration above zero, found '0s'",
    ),
    (
        "three sides",
        SHOP + "faults: [{partition: [[users], [orders], [payments]], at: 5s, for: 1s}]\n",
        "x.yaml:10:22: faults[0].partition: expected a list of 2, found 3",
    ),
    (
        "on both sides",
        SHOP + "faults: [{partition: [[users], [users]], at: 5s, for: 1s}]\n",
        "x.yaml:10:22: faults[0].partition: 'users' stands on both sides",
    ),
    (
        "a link to itself",
        SHOP + "network: {links: [{between: [users, users]}]}\n",
        "x.yaml:10:29: network.links[0].between: a link joins two services; 'users' stands on both ends",
    ),
    (
        "minimum above window",
        SHOP + "policies: {breaker: {window_calls: 5, minimum_calls: 9}}\n",
        "x.yaml:10:54: policies.breaker.minimum_calls: expected at most window_calls, 5; found 9",
    ),
    (
        "two windows",
        SHOP + "policies: {breaker: {window_calls: 30, window_for: 10s}}\n",
        "x.yaml:10:52: policies.breaker.window_for: expected either 'window_for' or 'window_calls'",
    ),
    (
        "a rate of slow calls, none of which is slow",
        SHOP + "policies: {breaker: {slow_call_rate: 50%}}\n",
        "x.yaml:10:38: policies.breaker.slow_call_rate: goes with 'slow_call': from when on a call is slow",
    ),
    (
        "opened by no slow call",
        SHOP + "policies: {breaker: {slow_call: 1s, slow_call_rate: 0%}}\n",
        "x.yaml:10:53: policies.breaker.slow_call_rate: expected more than 0: at 0 the breaker would open without a "
        "slow call",
    ),
    (
        "a cap below what it caps",
        SHOP + "policies: {breaker: {open_for: 2min, open_growth: 2}}\n",
        "x.yaml:10:21: policies.breaker.open_cap: expected at least 'open_for', 2min",
    ),
    (
        "a shard twice",
        MODELLED.replace("calls: [db]", "shards: [db, db]"),
        "x.yaml:4:62: services.web.model.shards: 'db' is there twice",
    ),
    (
        "a circle over what is optional",
        MODELLED.replace("sigma 0.4)", "sigma 0.4)\n      optional: [web]"),
        "x.yaml:8:17: services.db.model.optional: db → web → db would call one another without end",
    ),
    (
        "an interval within the target",
        MODELLED.replace("capacity: 4", "discipline: codel, interval: 1ms"),
        "x.yaml:4:70: services.web.model.interval: expected more than the target, 5ms",
    ),
    (
        "a moment that is none",
        MODELLED + "expectations: [answers.ok >= 99% after noon]\n",
        "x.yaml:10:40: expectations[0]: after: expected a duration such as 250ms, 30s, 2min or 1h; found 'noon'",
    ),
    (
        "a moment for what has none",
        MODELLED + "expectations: [calls.db.ok >= 99% after 5s]\n",
        "x.yaml:10:35: expectations[0]: calls.db.ok: 'after' goes with answers.ok, answers.failed, answers.unknown",
    ),
    (
        "cap below base",
        SHOP + "policies: {saga: {backoff: {base: 2s, cap: 1s}}}\n",
        "x.yaml:10:44: policies.saga.backoff.cap: expected at least the base, 2s; found 1s",
    ),
    (
        "a wrong choice",
        SHOP + "policies: {saga: {order: payments_first}}\n",
        "x.yaml:10:26: policies.saga.order: found 'payments_first'; did you mean 'payment_first'?",
    ),
    (
        "a loss of 120 %",
        SHOP + "network: {loss: 120%}\n",
        "x.yaml:10:17: network.loss: '120%' is not a probability; expected 0 to 1, or 0% to 100%",
    ),
    ("no load", SHOP[: SHOP.index("load")], "x.yaml:1:1: 'load' is missing"),
    (
        "a load of no kind",
        SHOP[: SHOP.index("load")] + "load: {}\n",
        "x.yaml:8:7: load: expected exactly one of orders, open, closed, ushers",
    ),
    (
        "a shop service renamed",
        MODELLED.replace("load", "  pay: {shop: payments}\nload", 1).replace("open: {rate", "open: {rate"),
        "x.yaml:8:3: services.pay: the shop's services call one another by name; call this one 'payments'",
    ),
    (
        "the shop under an open load",
        MODELLED.replace("load", "  users: {shop: users}\nload", 1),
        "x.yaml:10:9: load.open: the shop's services take orders; an open load needs modelled services alone",
    ),
    (
        "a circle of calls",
        MODELLED.replace("sigma 0.4)", "sigma 0.4)\n      calls: [web]"),
        "x.yaml:8:14: services.db.model.calls: db → web → db would call one another without end",
    ),
    (
        "a quorum of more than there are",
        MODELLED.replace("calls: [db]", "calls: [db], quorum: 2"),
        "x.yaml:4:75: services.web.model.quorum: expected at most 1, the services in 'calls'; found 2",
    ),
    (
        "a quorum that counts somebody twice",
        MODELLED.replace("calls: [db]", "calls: [db, db], quorum: 1"),
        "x.yaml:4:61: services.web.model.calls: 'db' is there twice; in a quorum everybody counts once",
    ),
    (
        "more replicas than anybody builds",
        MODELLED.replace("calls: [db]", "replicas: 100000000"),
        "x.yaml:4:64: services.web.model.replicas: expected at most 10,000",
    ),
    (
        "a load that says nothing",
        MODELLED[: MODELLED.index("  open")] + "  open:\n",
        "x.yaml:9:3: load.open: expected a mapping, found nothing",
    ),
    (
        "a rate that says nothing",
        MODELLED.replace("20/s", ""),
        "x.yaml:9:10: load.open.rate: expected a rate such as 20/s, 100/min or 5/h; found nothing",
    ),
    (
        "a reserved name",
        MODELLED.replace("  db:", "  front:").replace("[db]", "[front]"),
        "x.yaml:5:3: services.front: is where load comes from; give the service another name",
    ),
    (
        "a name that is none",
        MODELLED.replace("  db:", "  d/b:").replace("[db]", "[d/b]"),
        "x.yaml:5:3: services.d/b: expected a name of letters, digits, - and _, beginning with a letter",
    ),
    (
        "a target of the shop's",
        SHOP[: SHOP.index("load")] + "load: {open: {rate: 1/s, for: 1s, target: users}}\n",
        "x.yaml:8:43: load.open.target: 'users' is one of the shop's; expected a modelled service",
    ),
    (
        "more requests than anybody waits for",
        MODELLED.replace("20/s, for: 60s", "1000/s, for: 1h"),
        "x.yaml:9:29: load.open.for: 1000/s for 1h are 3,600,000 requests; expected at most 1,000,000",
    ),
    (
        "more orders than there are",
        SHOP.replace("first: 6", "first: 60"),
        "x.yaml:9:37: load.orders.first: orders.csv has only 12 orders",
    ),
    (
        "an orders file that is not there",
        SHOP.replace("orders.csv", "nothing.txt"),
        "x.yaml:9:18: load.orders.file: there is no file 'nothing.txt'; looked in …",
    ),
    (
        "not an expectation",
        SHOP + "expectations: [all is well]\n",
        "x.yaml:10:16: expectations[0]: expected a comparison such as 'sagas.stuck == 0', 'breaker NAME opens' or "
        "'invariants hold'; found 'all is well'",
    ),
]


@pytest.mark.parametrize(("text", "line"), [case[1:] for case in ONE_BY_ONE], ids=[case[0] for case in ONE_BY_ONE])
def test_a_problem_names_its_place_what_was_expected_and_the_nearest_name(
    tmp_path: Path, text: str | bytes, line: str
) -> None:
    found = problems(put(tmp_path, text))
    if line.endswith("…"):
        assert line[:-1] in found[0]
    else:
        assert line in found


ALONE = {
    "a tag on a mapping": (
        MODELLED.replace("  db:", "  db: !foo"),
        "x.yaml:5:7: services.db: the tag !foo means nothing here; write plain values",
    ),
    "a tag on all services": (
        MODELLED.replace("services:", "services: !!omap"),
        "x.yaml:2:11: services: the tag tag:yaml.org,2002:omap means nothing here; write plain values",
    ),
    "a tag on a list": (
        MODELLED.replace("calls: [db]", "calls: !!set [db]"),
        "x.yaml:4:61: services.web.model.calls: the tag tag:yaml.org,2002:set means nothing here; write plain values",
    ),
    "a merge key for a service": (
        MODELLED.replace("  web:\n", "  web:\n    <<: {}\n").replace("    model: {lat", "    # model: {lat"),
        "x.yaml:4:5: services.web: merge keys are not supported; write the keys out",
    ),
    "a merge key for the services": (
        MODELLED.replace("  web:\n", "  <<: {a: 1}\n").replace("    model: {lat", "    # model: {lat")
        + "expectations: [breaker web opens, calls.web.ok > 1]\n",
        "x.yaml:3:3: services: merge keys are not supported; write the keys out",
    ),
    "a merge key for everything": (
        MODELLED[: MODELLED.index("load")] + "<<: {load: {}}\n",
        "x.yaml:8:1: merge keys are not supported; write the keys out",
    ),
    "a service that is nothing": (
        MODELLED.replace("  db:", "  db: 5\n  db2:"),
        "x.yaml:5:7: services.db: expected a mapping with 'shop:' or 'model:' or 'app:' or 'boxoffice:', found 5",
    ),
}


@pytest.mark.parametrize(("text", "line"), ALONE.values(), ids=ALONE)
def test_what_refers_to_something_that_could_not_be_read_is_no_problem_of_its_own(
    tmp_path: Path, text: str, line: str
) -> None:
    assert problems(put(tmp_path, text)) == [line]
