"""Groups, further rounds and cancelling where every step is a message, and all of them are one operation."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from eventlab.errors import Refused
from eventlab.resilience.backoff import Constant
from eventlab.sagas import Saga, SagaEngine, SagaState, Step, StepContext, parallel, savepoint, step
from eventlab.services import (
    DROP,
    PASS,
    Call,
    Client,
    DeliverAfter,
    Envelope,
    Fate,
    InProcessTransport,
    Mail,
    Request,
    Service,
    handles,
)
from eventlab.services.fate import FateRule
from eventlab.store import MemoryStore
from tests.unit.sagas.toys import in_world


class Do(Request[str], frozen=True):
    what: str
    undo: bool


class Other(Service):
    """Does a thing once per key, remembers a refusal, and refuses what was undone before it came."""

    def __init__(self, refuses: str) -> None:
        super().__init__("other")
        self.refuses = refuses
        self.effects: list[str] = []
        self.stands: dict[str, str] = {}

    @handles(Do)
    async def do(self, request: Do, call: Call) -> str:
        key = call.key.replace("/backward", "").replace("/forward", "")
        stands = self.stands.get(key)
        if request.undo:
            if stands == "done":
                self.effects.append(f"C {key}")
            if stands != "refused":
                self.stands[key] = "undone"
        elif stands is None and request.what == self.refuses and "2" not in key:
            self.stands[key] = "refused"
        elif stands is None:
            self.stands[key] = "done"
            self.effects.append(f"T {key}")
        if self.stands[key] != ("undone" if request.undo else "done") and not request.undo:
            raise Refused("no", f"{key} is {self.stands[key]}")
        return key


class Play:
    """One saga, the other side of its steps, and the messages between them."""

    def __init__(self, fate: FateRule, refuses: str = "") -> None:
        self.other = Other(refuses)
        transport = InProcessTransport(fate)
        Mail(transport).serve("other", self.other.receive)
        self.mail = Mail(transport)
        self.mail.serve("sagas", Service("sagas").receive)
        self.client = Client(self.mail, "sagas")
        group = parallel(self.step("a"), self.step("b"), self.step("c", after="a"))
        again = savepoint("half", rounds_max=2, backoff=Constant(1.0))
        self.engine = SagaEngine(MemoryStore("sagas"), [Saga("play", [group, again, self.step("d"), self.step("e")])])

    def step(self, name: str, **more: Any) -> Step:
        async def action(ctx: StepContext) -> Any:
            return await self.client.call("other", Do(name, undo=False), key=ctx.key)

        async def undo(ctx: StepContext, result: Any) -> None:
            await self.client.call("other", Do(name, undo=True), key=ctx.key)

        return step(name, action, undo, backoff=Constant(0.5), undo_backoff=Constant(0.5), attempts_max=4, **more)

    def left(self) -> list[str]:
        """What was done and not undone; of what was done twice or undone twice, both."""
        done = [effect[2:] for effect in self.other.effects if effect.startswith("T ")]
        undone = [effect[2:] for effect in self.other.effects if effect.startswith("C ")]
        assert len(done) == len({*done}) and len(undone) == len({*undone})
        return [key for key in done if key not in undone]


delays = st.sampled_from([0.0, 0.4, 1.2, 5.0, 30.0])
fates = st.one_of(
    st.just(PASS), st.just(DROP), st.builds(DeliverAfter, delays), st.builds(DeliverAfter, delays, copy_after=delays)
)


@settings(deadline=None, max_examples=100)
@given(
    befalls=st.lists(fates, max_size=40),
    refuses=st.sampled_from(["", "a", "b", "c", "d", "e"]),
    cancelled_after_s=st.sampled_from([None, 0.1, 0.9, 1.6, 4.0]),
)
def test_all_is_done_or_nothing_whatever_becomes_of_the_messages(
    befalls: list[Fate], refuses: str, cancelled_after_s: float | None
) -> None:
    left_of = list(befalls)

    async def story() -> tuple[SagaState, list[str], int]:
        play = Play(lambda envelope: left_of.pop(0) if left_of else PASS, refuses)
        running = asyncio.create_task(play.engine.submit("play", "1", None))
        if cancelled_after_s is not None:
            await asyncio.sleep(cancelled_after_s)
            if not running.done():
                await play.engine.cancel("1", by="ada", why="it rains")
        await running
        await asyncio.sleep(100)  # until the last message is here
        return await play.engine.state("1"), play.left(), play.mail.mailbox.waiting

    state, left, waiting = in_world(story)
    names = [key.split("/")[1] for key in left]
    assert (sorted(names), waiting) == (list("abcde") if state.status.value == "completed" else [], 0)
    assert state.status.value in ("completed", "compensated")


def test_an_outcome_of_an_earlier_round_is_not_taken_for_one_of_a_later() -> None:
    """The yes to *d* in the first round comes in the middle of the second, while that one's own is under way."""
    replies = 0
    fate_of_reply: dict[int, Fate] = {4: DeliverAfter(7.0), 5: DROP, 6: DROP, 7: DROP, 9: DeliverAfter(0.9)}

    def fate(envelope: Envelope) -> Fate:
        nonlocal replies
        replies += envelope.what == "Do reply"
        return fate_of_reply.get(replies, PASS) if envelope.what == "Do reply" else PASS

    async def story() -> Any:
        play = Play(fate)
        state = await play.engine.run("play", "1", None)
        await asyncio.sleep(100)
        return state.status.value, state.results["d"], play.left(), play.mail.mailbox.unclaimed

    assert in_world(story) == ("completed", "1/d/2", ["1/a", "1/b", "1/c", "1/d/2", "1/e/2"], 1)
