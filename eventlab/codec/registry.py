"""Events by name and schema version, as JSON and back.

An event class is registered under a name of its own and the version of its
schema; what is stored is that name, that version and the JSON. A later version
of the program reads earlier bytes by *upcasters*, which turn the plain data of
one version into that of the next. Fields that a class does not know are
ignored, so that an older program reads what a newer one wrote.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from ..errors import InvalidValue, PersonalUnsealed, UndecodableEvent, UnknownEventType
from .checking import called, check_class, check_name, check_upcast, same_place
from .encoded import Encoded, checked
from .ordering import holds_sets, in_order
from .personal import Plan, names_in, plan_of

C = TypeVar("C", bound=type)
Upcast = Callable[[dict[str, Any]], dict[str, Any]]
Form = tuple[str, int, Callable[[bytes], Any], Callable[[object], bytes]]
"""The name and schema version of an event's class, what reads its bytes, and what writes them."""


def _as_plain(value: Any) -> Any:
    """Text and numbers of a kind of their own, as stream ids are, are stored as the plain kind."""
    for plain in (str, int, float):
        if isinstance(value, plain):
            return plain(value)
    raise NotImplementedError(f"no way to store a {type(value).__qualname__}")


_to_json = msgspec.json.Encoder(enc_hook=_as_plain).encode
_in_order = in_order(_to_json)
_from_json = msgspec.json.Decoder().decode


class EventRegistry:
    """Which class stands for which name and schema version."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], type] = {}
        self._names: dict[type, tuple[str, int]] = {}
        self._forms: dict[type, Form] = {}
        self._clear: dict[type, Form] = {}
        """Of these classes it was seen that they hold nothing personal."""
        self._upcasters: dict[tuple[str, int], Upcast] = {}
        self._decoders: dict[tuple[str, int], Callable[[bytes], Any]] = {}
        self.decoder = self._decoders.get
        """What decodes bytes of a name and version, or None where that was never asked of `decode` yet."""
        self._plans: dict[tuple[str, int], Plan | None] = {}
        self._lineages: dict[str, str] = {}
        self._personal_names: tuple[tuple[tuple[str, int], ...], tuple[str, ...]] = (), ()

    def register(self, cls: type, name: str, version: int = 1) -> None:
        """Let *cls* stand for *name* at schema *version*. Several versions of a name may be registered.

        The same class may come again, as it does when a notebook cell is run
        twice; the latest definition then counts. Raises InvalidValue for a
        name that another class has, a class that could be changed, and a
        `Personal` field that could not work.
        """
        check_class(cls, name, version)
        plans = _plans(cls, name, version)
        earlier = self._known.get((name, version))
        if earlier is not None and not same_place(earlier, cls):
            holder = f"{earlier.__module__}.{earlier.__qualname__}"
            raise InvalidValue("event name", name, f"a name that is free; {holder} has it at version {version}")
        self._known[name, version] = cls
        self._names[cls] = (name, version)
        self._plans.pop((name, version), None)
        self._plans |= plans
        self._forms.clear()
        self._clear.clear()
        self._decoders.clear()
        self._lineages.clear()
        self._personal_names = (), ()

    def upcaster(self, name: str, from_version: int) -> Callable[[Upcast], Upcast]:
        """Decorate a function that turns the data of *from_version* into that of the next version.

        The same function may come again, as in a notebook. Raises InvalidValue for what could never be used,
        and where there is another one: what old events are must not hang on what was imported last.
        """
        check_name(name, from_version)

        def decorate(upcast: Upcast) -> Upcast:
            check_upcast(upcast)
            earlier = self._upcasters.get((name, from_version))
            if earlier is not None and not same_place(earlier, upcast):
                wanted = f"one function; {called(earlier)} does it already"
                raise InvalidValue(f"upcaster of {name!r} from version {from_version}", called(upcast), wanted)
            self._upcasters[name, from_version] = upcast
            self._decoders.clear()
            self._lineages.clear()
            return upcast

        return decorate

    def name_of(self, cls: type) -> tuple[str, int]:
        """The name and schema version that *cls* is registered under, and written; the last, if there are several."""
        try:
            return self._names[cls]
        except KeyError:
            raise UnknownEventType(cls.__qualname__, 0) from None

    def names_of(self, cls: type) -> list[tuple[str, int]]:
        """All names and schema versions whose events are decoded as *cls*, the one that is written first."""
        written = self.name_of(cls)
        return [written, *(key for key, known in self._known.items() if known is cls and key != written)]

    def encode(self, event: object, *, to_seal: bool = False) -> Encoded:
        """*event* as it is stored. Raises UnknownEventType for an object that is no registered event,
        and InvalidValue for one whose fields are not of the types that its class declares.

        Raises PersonalUnsealed for an event of a type with personal fields, unless the caller is about *to_seal* them.
        What is `Encoded` already is taken as it is, whether or not its type is known here; what is in it must be
        of the kinds that every store can hold.
        """
        if type(event) is Encoded:
            return checked(event)
        name, version, read, write = self._clear.get(type(event)) or self._form_of(event, to_seal)
        try:
            data = write(event)
        except (TypeError, ValueError, NotImplementedError, RecursionError) as error:
            raise InvalidValue(f"event {name}", event, f"fields that JSON can hold: {error}") from None
        try:
            read(data)  # what is written is never changed: what nobody could read must not be written
        except Exception as error:  # a class may raise whatever it likes while it is made
            raise InvalidValue(f"event {name}", event, f"fields as its class declares them: {error}") from None
        return Encoded(name, version, data)

    def _form_of(self, event: object, to_seal: bool) -> Form:
        """Name and version of an event that may be stored, and what reads and writes its bytes."""
        if isinstance(event, type):
            raise InvalidValue("event", event, f"an event, as {event.__qualname__}(…), not its class")
        cls = type(event)
        name, version = self.name_of(cls)
        if self.is_personal(name) and not to_seal:
            raise PersonalUnsealed(name)
        form = self._forms.get(cls)
        if form is None:
            try:
                read, write = _decoder_of(cls, []), _in_order if holds_sets(cls) else _to_json
                form = self._forms[cls] = name, version, read, write
            except (NameError, TypeError) as error:
                raise InvalidValue("event class", cls.__qualname__, f"annotations of known types ({error})") from None
        if not to_seal:
            self._clear[cls] = form
        return form

    def plan(self, type_name: str, schema_version: int) -> Plan | None:
        """Where events of that name and version hold personal values; None where they hold none, or are unknown."""
        key = type_name, schema_version
        if key not in self._plans and key in self._known:
            cls = self._known[key]
            try:
                self._plans[key] = plan_of(cls, _to_plain)
            except (NameError, AttributeError) as error:
                raise InvalidValue("event class", cls.__qualname__, f"annotations of known types ({error})") from None
        return self._plans.get(key)

    def is_personal(self, type_name: str) -> bool:
        """Whether events of that name hold personal values, at any schema version that is registered."""
        return any(name == type_name and self.plan(name, version) for name, version in list(self._known))

    def personal_names(self) -> tuple[str, ...]:
        """The names of all fields that hold personal values, of any registered event, each once."""
        if len(self._personal_names[0]) != len(self._known):
            plans = [self.plan(*key) for key in list(self._known)]
            names = dict.fromkeys(name for plan in plans if plan is not None for name in names_in(plan))
            self._personal_names = tuple(self._known), tuple(names)
        return self._personal_names[1]

    def lineage(self, type_name: str) -> str:
        """What is known of a type, as text to compare: its versions, its upcasters, whether it is personal.

        What was folded from its events, and kept, holds as long as this stays the same.
        """
        known = self._lineages.get(type_name)
        if known is None:
            versions = sorted(version for name, version in self._known if name == type_name)
            upcast = sorted(version for name, version in self._upcasters if name == type_name)
            personal = ", personal" if self.is_personal(type_name) else ""
            known = self._lineages[type_name] = f"versions {versions}, upcast from {upcast}{personal}"
        return known

    def decode(self, type_name: str, schema_version: int, data: bytes, where: str = "") -> Any:
        """The event of stored bytes. *where* is for the error: which event of which stream it is."""
        decoder = self._decoders.get((type_name, schema_version))
        if decoder is None:
            decoder = self._decoder(type_name, schema_version, where)
        try:
            return decoder(data)
        except Exception as error:  # upcasters, and what a class does while it is made, may raise whatever they like
            raise UndecodableEvent(type_name, _reason(error), where) from error

    def _decoder(self, name: str, version: int, where: str) -> Callable[[bytes], Any]:
        """Upcasters as far as they lead, then the class that is registered there."""
        steps: list[Upcast] = []
        reached = version
        while (upcast := self._upcasters.get((name, reached))) is not None:
            steps.append(upcast)
            reached += 1
        cls = self._known.get((name, reached))
        if cls is None:
            stored = f"{where}, where it is version {version}" if reached != version else where
            raise UnknownEventType(name, reached, stored.removeprefix(", "))
        decoder = _decoder_of(cls, steps)
        self._decoders[name, version] = decoder
        return decoder


def _decoder_of(cls: type, steps: list[Upcast]) -> Callable[[bytes], Any]:
    if not steps:
        return msgspec.json.Decoder(cls, dec_hook=_own_types).decode

    def decode(data: bytes) -> Any:
        plain = _from_json(data)
        for upcast in steps:
            plain = upcast(plain)
        return msgspec.convert(plain, cls, dec_hook=_own_types)

    return decode


def _own_types(kind: type, value: Any) -> Any:
    """The way back from `_as_plain`: a stream id checks itself again."""
    if issubclass(kind, (str, int, float)):
        return kind(value)
    raise NotImplementedError(f"no way to decode {kind!r}")


def _to_plain(value: Any, hint: Any) -> Any:
    """*value* as plain data, once it was seen to be a value of the type *hint*."""
    data = _to_json(value)
    msgspec.json.decode(data, type=hint, dec_hook=_own_types)
    return _from_json(data)


def _plans(cls: type, name: str, version: int) -> dict[tuple[str, int], Plan | None]:
    """The plan of *cls*; nothing as long as an annotation names a class that is only defined further down."""
    try:
        return {(name, version): plan_of(cls, _to_plain)}
    except (NameError, AttributeError):
        return {}


def _reason(error: Exception) -> str:
    """What is wrong with bytes; of what is no judgement of theirs, but an error of some code, also its kind."""
    if isinstance(error, msgspec.MsgspecError) and str(error):
        return str(error)
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


EVENTS = EventRegistry()
"""The registry that `event` fills and that stores encode and decode with."""


def event(name: str, version: int = 1) -> Callable[[C], C]:
    """Register the frozen dataclass below as the event *name*, at schema *version*.

    ::

        @event("SeatsReserved")
        @dataclass(frozen=True, slots=True)
        class SeatsReserved:
            count: int
    """
    check_name(name, version)

    def decorate(cls: C) -> C:
        EVENTS.register(cls, name, version)
        return cls

    return decorate
