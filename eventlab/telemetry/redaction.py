"""What nobody may read in a log is left out of it: secrets by the names of their fields, personal data by declaration.

A value is judged by where it stands: under a key, in a field, after ``password=``, in the account of a URL. A secret
that stands where nothing says so cannot be known; give such ones by value.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any, Final
from urllib.parse import quote

import msgspec

from ..codec import EVENTS
from ..errors import InvalidValue
from .forms import Forms

REDACTED: Final = "[redacted]"
DEPTH_MAX: Final = 20

SECRETS: Final = ("password", "passwd", "passphrase", "passcode", "pwd", "secret", "token", "apikey", "authorization",
                  "credential", "cookie", "privatekey", "sessionid", "accesskey", "signingkey", "encryptionkey",
                  "signature", "bearer", "jwt", "dbpass", "userpass", "smtppass", "otpcode")  # fmt: skip
"""A field whose name contains one of these holds a secret; small and capital letters, ``_`` and ``-`` do not matter."""

PERSONAL: Final = ("email", "phone", "firstname", "lastname", "surname", "birthdate", "birthday", "iban", "ssn",
                   "cardnumber", "creditcard", "cvv")  # fmt: skip
"""A field whose name contains one of these tells about a person; as do those that an event declares `Personal`."""

_ACCOUNT = re.compile(r"""([a-z][a-z0-9+.-]{0,20}://)[^\s"'<>]{0,1024}@""", re.IGNORECASE)
_MAIL = re.compile(r"[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_BEARER = re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{6,}", re.IGNORECASE)
_WEB_TOKEN = re.compile(r"\beyJ[\w-]{5,1024}\.[\w-]+\.[\w-]*")
_HEADER = re.compile(  # all that such a header says: schemes have several words, cookies several names
    r"""((?:authorization|cookie)[\w-]{0,40}\s*+:\s*+)(?!\\*["'(\[{<])"""
    r"""(?:=\\*(?:"[^"\r\n]*"?|'[^'\r\n]*'?)|=(?!\\*["'])|[^\r\n"'=])+""",
    re.IGNORECASE,
)
_KEY = re.compile(r"(-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----)[\s\S]*?(?=-----END|\Z)")
_VALUE = "".join(
    (
        r"""(?!\\*["']?\[redacted\])(?P<value>""",
        r"""(?:[a-z]{1,2})?(?:"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*')""",  # quoted
        r"""|(?:[a-z]{1,2})?\\*["'][\s\S]*""",  # a quotation without an end, or one within another: all the rest
        r"""|(?:[a-z_][\w.]*)?[(\[{<].*""",  # begun by a bracket: where it ends nobody knows, so the rest of the line
        r"""|(?:(?:bearer|basic|digest)\s+)?[^\s,;&"')\]}]+)""",  # a word
    )
)


_VALUE_OF = r"""\\*["']value\\*["']\s*:\s*"""


class Plain(dict[str, Any]):
    """Fields that were redacted already, by whoever knew more of them than their names tell."""


class Redactor:
    """Puts `REDACTED` in the place of what is secret or personal.

    *names* are further names of fields, which match where a name contains them; *secrets* are values that are left out
    wherever they stand. Fields that registered events declare `Personal` are known, those of events to come as well.
    Raises InvalidValue for an empty name or an empty secret, which would be found everywhere, and for what is no
    collection of texts: of one text alone, each letter would be a secret.
    """

    def __init__(self, *, names: Iterable[str] = (), secrets: Iterable[str] = ()) -> None:
        given, values = _texts("Redactor.names", names), _texts("Redactor.secrets", secrets)
        self._names = (*SECRETS, *PERSONAL, *(_plain(name) for name in given))
        if "" in self._names:
            raise InvalidValue("Redactor.names", given, "names with letters or digits in them")
        if "" in values:
            raise InvalidValue("Redactor.secrets", "an empty text", "texts that are not empty")
        forms = [form for value in values for form in (value, quote(value, safe=""), repr(value)[1:-1])]
        self._secrets = sorted(dict.fromkeys(forms), key=len, reverse=True)
        self._personal: tuple[str, ...] | None = None

    def is_telling(self, name: str) -> bool:
        """Whether what stands under that name is left out."""
        self._learn()
        plain = _plain(name)
        return plain in self._exact or any(each in plain for each in self._names)

    def value(self, value: Any, depth: int = 0) -> Any:
        """*value* as plain data for JSON, without what is left out, at any depth; below `DEPTH_MAX` all is left out."""
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, float):
            return value if isfinite(value) else str(value)
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bytes | bytearray | memoryview):
            return f"[{len(value)} bytes]"
        if isinstance(value, Plain):
            return value
        if depth >= DEPTH_MAX:
            return REDACTED
        if isinstance(value, Mapping):
            return self._fields(value, depth)
        if (fields := _fields_of(value)) is not None:
            return self._fields(fields, depth)
        if isinstance(value, list | tuple):
            if len(value) == 2 and isinstance(value[0], str) and self.is_telling(value[0]):  # a header and its like
                return [self.text(value[0]), REDACTED]
            return self._items(value, depth)
        if isinstance(value, set | frozenset):
            return sorted((self.value(each, depth + 1) for each in value), key=str)
        return self.text(_str(value))

    def text(self, text: str) -> str:
        """*text* without secrets given by value, accounts in URLs, mail addresses, and what follows a telling name."""
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        if "://" in text:
            text = _ACCOUNT.sub(rf"\1{REDACTED}@", text)
        if "@" in text:
            text = _MAIL.sub(REDACTED, text)
        if "PRIVATE KEY-----" in text:
            text = _KEY.sub(rf"\1{REDACTED}", text)
        text = _HEADER.sub(rf"\1{REDACTED}", text)
        text = _BEARER.sub(rf"\1 {REDACTED}", _WEB_TOKEN.sub(REDACTED, text))
        before = self._learn()
        text = self._forms.text(text)
        if "=" in text or ":" in text or "," in text:
            # the pairs first: a field that is called "name" may be a telling one itself, and takes what it holds along
            text = before.sub(_left_out, self._paired.sub(_left_out, text))
        return text

    def _items(self, items: Iterable[Any], depth: int) -> list[Any]:
        """Each by itself, but for what follows an option with a telling name, as in the arguments of a process."""
        self._learn()
        told: list[Any] = []
        option = False
        for each in items:
            hidden = option and isinstance(each, str) and not each.startswith("-")
            told.append(REDACTED if hidden else self.value(each, depth + 1))
            option = isinstance(each, str) and self._forms.is_option(each)
        return told

    def _fields(self, fields: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        named = fields.get("name", fields.get("key"))
        pair = "value" in fields and isinstance(named, str) and self.is_telling(named)
        return {
            self.text(str(name)): REDACTED
            if self.is_telling(str(name)) or (pair and name == "value")
            else self.value(each, depth + 1)
            for name, each in fields.items()
        }

    def _learn(self) -> re.Pattern[str]:
        """What stands before a secret in a text; made anew when events were registered with further personal fields."""
        personal = EVENTS.personal_names()
        if personal != self._personal:
            self._personal, self._exact = personal, {_plain(name): None for name in personal}
            within = "|".join("[ _-]?".join(map(re.escape, name)) for name in self._names)
            alone = "".join(rf"|\b{re.escape(name)}" for name in personal)
            telling = rf"""(?:(?:{within})[\w-]{{0,40}}{alone})"""
            sign = rf"""(?:(?:\\*["'])?\s*(?:=>|=(?!>)|:)|\\*["']\s*,(?!\s*{_VALUE_OF}))\s*"""
            self._before = re.compile(rf"(?P<name>{telling}{sign}){_VALUE}", re.IGNORECASE)
            self._paired = re.compile(rf"""(?P<name>{telling}\\*["']\s*,\s*{_VALUE_OF}){_VALUE}""", re.IGNORECASE)
            self._forms = Forms(within, REDACTED)
        return self._before


def _texts(name: str, given: Iterable[str]) -> tuple[str, ...]:
    if isinstance(given, str | bytes):
        raise InvalidValue(name, "one text" if name.endswith("secrets") else given, "a list of texts")
    texts = tuple(given)
    for each in texts:
        if not isinstance(each, str):
            raise InvalidValue(name, f"of a {type(each).__name__}", "a list of texts")
    return texts


def _left_out(found: re.Match[str]) -> str:
    """What stands before, and quotation marks around what is left out, so that JSON stays JSON."""
    value = found["value"]
    mark = value[0] if value[0] in "\"'" and value[-1] == value[0] != value else ""
    return f"{found['name']}{mark}{REDACTED}{mark}"


def _str(value: object) -> str:
    try:
        return str(value)
    except Exception:
        return f"[a {type(value).__name__} that cannot be told]"


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.lower()))


def _fields_of(value: Any) -> dict[str, Any] | None:
    """The fields of a record, by name; None for what is none."""
    if isinstance(value, msgspec.Struct):
        return {name: getattr(value, name) for name in value.__struct_fields__}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name, None) for field in dataclasses.fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return dict(value._asdict())
    return None
