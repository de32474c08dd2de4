from __future__ import annotations

from typing import Any

import msgspec
import pytest

from eventlab.errors import AppendUnknown, InvalidValue, Refused, StoreBusy, VersionConflict
from eventlab.resilience import remaining_s
from eventlab.services import Call, Reply, Request, Service, handles
from eventlab.services.message import decoder, encode
from eventlab.store import MemoryStore, Metadata
from eventlab.store.metadata import current as current_metadata
from eventlab.testing import run
from eventlab.testing.clock import ManualClock


class Total(msgspec.Struct, frozen=True):
    cents: int


class Add(Request[Total], frozen=True):
    cents: int


class Clear(Request[None], frozen=True):
    pass


class Till(Service):
    cents = 0

    @handles(Add)
    async def add(self, request: Add, call: Call) -> Total:
        self.cents += request.cents
        return Total(self.cents)

    @handles(Clear)
    async def clear(self, request: Clear, call: Call) -> None:
        self.cents = 0


def asked(service: Service, request: Request[Any], **more: Any) -> Reply:
    call = Call(1, "front", service.name, type(request).__name__, encode(request), **more)
    return run(service.receive(call))


def raising(error: Exception) -> Service:
    class Broken(Service):
        @handles(Clear)
        async def clear(self, request: Clear, call: Call) -> None:
            raise error

    return Broken("broken")


def test_a_handler_answers_its_own_operation() -> None:
    till = Till("till")
    assert asked(till, Add(250)) == Reply("ok", b'{"cents":250}')
    assert asked(till, Clear()) == Reply("ok", b"null")
    assert till.cents == 0


def test_an_unknown_operation_names_the_known_ones() -> None:
    class Juggle(Request[None], frozen=True):
        pass

    assert asked(Till("till"), Juggle()) == Reply(
        "unknown_operation",
        message="till knows no request 'Juggle'; it knows Add, Clear",
        facts={"known": ["Add", "Clear"]},
    )


def test_two_handlers_for_one_operation_are_refused() -> None:
    with pytest.raises(InvalidValue, match=r"Confused\.Clear is 'clear and wipe'"):

        class Confused(Service):
            @handles(Clear)
            async def clear(self, request: Clear, call: Call) -> None: ...

            @handles(Clear)
            async def wipe(self, request: Clear, call: Call) -> None: ...


def test_a_subclass_may_override_a_handler_and_add_others() -> None:
    class Multiply(Request[Total], frozen=True):
        by: int

    class Generous(Till):
        async def add(self, request: Add, call: Call) -> Total:
            return await super().add(Add(request.cents + 1), call)

        @handles(Multiply)
        async def multiply(self, request: Multiply, call: Call) -> Total:
            return Total(self.cents * request.by)

    till = Generous("till")
    assert asked(till, Add(9)).body == b'{"cents":10}'
    assert asked(till, Multiply(3)).body == b'{"cents":30}'
    assert list(Till.operations) == ["Add", "Clear"]


def test_a_refusal_carries_its_facts_as_plain_data() -> None:
    error = Refused("out_of_stock", "two are left", {"total": Total(3), "who": ValueError("odd")})
    expected = Reply(
        "refused", code="out_of_stock", message="two are left", facts={"total": {"cents": 3}, "who": "odd"}
    )
    reply = asked(raising(error), Clear())
    assert reply == expected
    assert decoder(Reply).decode(encode(reply)) == expected


@pytest.mark.parametrize(
    ("error", "outcome", "reason"),
    [
        (VersionConflict([("order-7", 3, 5)]), "unavailable", "VersionConflict: stream 'order-7' is at version 5"),
        (StoreBusy("sqlite:///shop.db", 5), "unavailable", "StoreBusy"),
        (AppendUnknown("postgresql://shop", "connection lost"), "unknown", "AppendUnknown"),
        (ZeroDivisionError("cents"), "failed", "ZeroDivisionError: cents"),
    ],
)
def test_an_error_says_what_it_means_for_the_caller(error: Exception, outcome: str, reason: str) -> None:
    reply = asked(raising(error), Clear())
    assert reply.outcome == outcome
    assert reply.reason.startswith(reason)


def test_a_body_that_does_not_fit_is_a_failure_that_names_the_field() -> None:
    reply = run(Till("till").receive(Call(1, "front", "till", "Add", b'{"cents": "many"}')))
    assert reply.outcome == "failed"
    assert "cannot read the body of Add" in reply.reason and "$.cents" in reply.reason


def test_an_answer_of_the_wrong_type_does_not_leave_the_service() -> None:
    class Sloppy(Service):
        @handles(Add)
        async def add(self, request: Add, call: Call) -> int:
            return 7

    reply = asked(Sloppy("sloppy"), Add(1))
    assert (reply.outcome, reply.reason) == ("failed", "TypeError: answered with 7, but Add promises Total")


def test_work_whose_deadline_has_passed_is_not_begun() -> None:
    clock, till = ManualClock(), Till("till")

    async def main() -> list[str]:
        clock.advance(10)
        calls = [Call(1, "front", "till", "Add", b'{"cents": 1}', deadline_s=at_s) for at_s in (9.0, 10.0, 10.5)]
        return [(await till.receive(call)).outcome for call in calls]

    assert clock.run(main()) == ["unavailable", "unavailable", "ok"]
    assert till.cents == 1


def test_deadline_and_metadata_of_the_call_hold_while_it_is_handled() -> None:
    seen: list[tuple[float | None, str | None]] = []

    class Curious(Service):
        @handles(Clear)
        async def clear(self, request: Clear, call: Call) -> None:
            seen.append((remaining_s(), current_metadata().correlation_id))

    async def main() -> None:
        curious, metadata = Curious("curious"), Metadata(correlation_id="conversation-7")
        await curious.receive(Call(1, "front", "curious", "Clear", b"{}", deadline_s=2.5, metadata=metadata))
        await curious.receive(Call(2, "front", "curious", "Clear", b"{}"))
        assert (remaining_s(), current_metadata().correlation_id) == (None, None)

    ManualClock().run(main())
    assert seen == [(2.5, "conversation-7"), (None, None)]


def test_a_service_without_a_store_says_so_when_asked_for_it() -> None:
    store = MemoryStore("till")
    assert Till("till", store).store is store
    with pytest.raises(InvalidValue, match=r"till\.store"):
        _ = Till("till").store
