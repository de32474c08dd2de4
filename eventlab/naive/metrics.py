"""Metrics as they are usually first written. The sound ones are `eventlab.telemetry.Metrics`.

They look right as long as everything runs. What is wrong:

- the lag is what the consumer last said: when it stops, it goes on looking as well as it did
- the lag is a difference of two machines' clocks on the wall, and may be negative
- the name of the service is taken and forgotten, so two services count into one
- each type of command and event is a series of its own, however many there are: also those that come from outside
- labels are written as they are, so that one quotation mark spoils the whole scrape
- of an error nobody learns the kind
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from .. import runtime

_counts: dict[str, float] = defaultdict(float)


class NaiveMetrics:
    """Counters and a gauge, all of them in one place for the whole process."""

    def __init__(self, service_name: str) -> None:
        self.samples = _counts

    def record_command_executed(self, command_type: str, duration_s: float, success: bool) -> None:
        self.samples[f'eventcore_commands_total{{command_type="{command_type}"}}'] += 1
        self.samples["eventcore_command_duration_seconds_sum"] += duration_s
        if not success:
            self.samples["eventcore_command_errors_total"] += 1

    def record_event_consumed(self, event_type: str, occurred_at: datetime) -> None:
        """The chapter's gauge: set when an event is consumed, and at no other time."""
        lag_s = (runtime.now() - occurred_at).total_seconds()
        self.samples[f'eventcore_events_consumed_total{{event_type="{event_type}"}}'] += 1
        self.samples[f'eventcore_event_lag_seconds{{event_type="{event_type}"}}'] = lag_s

    def export_metrics(self) -> str:
        return "".join(f"{series} {value}\n" for series, value in self.samples.items())
