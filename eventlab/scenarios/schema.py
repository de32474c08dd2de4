"""The JSON Schema of scenario files, for editors: made from the model, so that it cannot say anything else."""

from __future__ import annotations

import inspect
from typing import Any, get_args, get_origin

import msgspec

from . import hints
from .model import Scenario
from .section import Section

SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def scenario_schema() -> dict[str, Any]:
    """The schema as plain values. What one section demands of another is left to loading."""
    definitions: dict[str, Any] = {}
    root = _section(Scenario, definitions)
    return {"$schema": SCHEMA_DIALECT, "title": "eventlab scenario", **root, "$defs": dict(sorted(definitions.items()))}


def schema_json() -> bytes:
    """The bytes of `scenarios/scenario.schema.json`."""
    return msgspec.json.format(msgspec.json.encode(scenario_schema()), indent=2) + b"\n"


def _of(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    members = hints.members_of(hint)
    if len(members) > 1:
        return {"oneOf": [_of(member, definitions) for member in members]}
    (hint,) = members
    if kind := hints.kind_of(hint):
        return kind.schema()
    if choices := hints.choices_of(hint):
        return {"enum": list(choices)}
    if hint is bool:
        return {"type": "boolean"}
    if get_origin(hint) is tuple:
        return _list(get_args(hint), definitions)
    if get_origin(hint) is dict:
        return {"type": "object", "additionalProperties": _of(get_args(hint)[1], definitions)}
    if hint.__name__ not in definitions:
        definitions[hint.__name__] = {}  # holds the place, should a section ever contain its own kind
        definitions[hint.__name__] = _section(hint, definitions)
    return {"$ref": f"#/$defs/{hint.__name__}"}


def _list(members: tuple[Any, ...], definitions: dict[str, Any]) -> dict[str, Any]:
    if members[-1] is Ellipsis:
        return {"type": "array", "items": _of(members[0], definitions)}
    items = [_of(member, definitions) for member in members]
    return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}


def _section(struct: type[Section], definitions: dict[str, Any]) -> dict[str, Any]:
    fields = hints.fields_of(struct)
    schema: dict[str, Any] = {
        "type": "object",
        "description": inspect.cleandoc(struct.__doc__ or ""),
        "properties": {key: _of(field.hint, definitions) for key, field in fields.items()},
        "additionalProperties": False,
    }
    if required := [key for key, field in fields.items() if field.required]:
        schema["required"] = required
    if struct.exactly_one:
        schema["oneOf"] = [{"required": [key]} for key in struct.exactly_one]
    return schema
