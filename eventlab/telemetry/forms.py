"""Secrets in the forms that command lines, XML, encoded queries and uploads give them, where no ``=`` or ``:`` stands.

Each form is bounded by its own ending, so that what comes after it stays to be read.
"""

from __future__ import annotations

import re

_LINE = r"(?:\r\n|\n|\\r\\n|\\n)"
_PROSE = (
    r"(?!(?:is|are|was|were|to|or|and|must|has|have|had|needs|for|in|with|without|can|cannot|does|may|should|option|"
    r"given|expects|requires|not|as|from|only|on|at|by|if|when|instead)(?:[\s.,;:)]|\Z))"
)
"""``--password is needed``: a sentence about an option goes on with one of these."""


class Forms:
    """The forms with these *names*, a pattern of alternatives."""

    def __init__(self, names: str, redacted: str) -> None:
        self._redacted = redacted
        self._option = re.compile(
            rf"(?<![\w-])(?P<before>--?[\w-]{{0,40}}?(?:{names})\s+){_PROSE}(?:\"[^\"]*\"|'[^']*'|[^\s\"'\-<][^\s\"']*)",
            re.IGNORECASE,
        )
        self._option_alone = re.compile(rf"--?[\w-]{{0,40}}?(?:{names})", re.IGNORECASE)
        self._element = re.compile(
            rf"(?P<before><[\w:.-]{{0,40}}?(?:{names})[\w.-]{{0,40}}(?:\s[^<>]{{0,400}})?>)"
            r"(?:<!\[CDATA\[[\s\S]*?\]\]>|[^<])+(?=</)",
            re.IGNORECASE,
        )
        self._encoded = re.compile(
            rf"(?P<before>(?:{names})[\w-]{{0,40}}(?:%(?:25)*2[27])?(?:%(?:25)*20|\+)*%(?:25)*3[DA]"
            r"(?:%(?:25)*20|\+)*(?:%(?:25)*2[27])?)(?!\[)(?:(?!%(?:25)*(?:26|3B|22|27))[^\s&,;\"')\]}])+",
            re.IGNORECASE,
        )
        self._part = re.compile(
            rf"(?P<before>\bform-data;[^\r\n]{{0,200}}?\bname=\\*\"?[\w.\[\]-]{{0,40}}?(?:{names})[^\s\"\\]{{0,40}}\\*\"?"
            rf"(?:(?!{_LINE}{_LINE})[\s\S]){{0,400}}?{_LINE}{_LINE})[\s\S]*?(?={_LINE}--|\Z)",
            re.IGNORECASE,
        )

    def text(self, text: str) -> str:
        """*text* without what these forms say."""
        if "-" in text and " " in text:
            text = self._option.sub(self._left_out, text)
        if "</" in text:
            text = self._element.sub(self._left_out, text)
        if "%" in text:
            text = self._encoded.sub(self._left_out, text)
        if "form-data" in text:
            text = self._part.sub(self._left_out, text)
        return text

    def is_option(self, text: str) -> bool:
        """Whether *text*, one of the arguments of a process, says that the next one is secret."""
        return text.startswith("-") and self._option_alone.fullmatch(text) is not None

    def _left_out(self, found: re.Match[str]) -> str:
        return f"{found['before']}{self._redacted}"
