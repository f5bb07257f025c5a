"""Names the command a person meant: by the words of the field, by the last word of a path, or by similar spelling."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from typer.core import TyperGroup

_ERASE = (
    "There is no command that erases yet. A withdrawal closes the person's keys at once: habeas consent withdraw. "
    "What is due to be erased: habeas log queue"
)
_WITHDRAW = "A person takes a consent back: habeas consent withdraw"
_OBJECT = "Footage or people that must never be processed: habeas consent leave-out"
_PERSON = "What is stored about one person: habeas person show --subject SUBJECT_ID"
_WHY = "Why something was stored or refused: habeas explain"
_AUDIT = "Make recorded decisions again and compare: habeas replay. Read the log: habeas log"

DOMAIN_WORDS = {
    **dict.fromkeys(("erase", "delete", "remove", "forget", "purge", "shred", "destroy", "wipe", "vacuum"), _ERASE),
    **dict.fromkeys(("revoke", "unconsent", "withdrawal", "opt-in", "agree"), _WITHDRAW),
    **dict.fromkeys(("object", "objection", "opt-out", "optout", "exclude", "block", "restrict"), _OBJECT),
    **dict.fromkeys(("subject", "access", "dsar", "sar", "portability", "rectify"), _PERSON),
    **dict.fromkeys(("why", "reason", "trace", "lineage", "provenance"), _WHY),
    **dict.fromkeys(("audit", "verify", "reproduce"), _AUDIT),
    **dict.fromkeys(("stop", "pause", "cancel", "kill", "freeze", "suspend"), "Stop work: habeas halt"),
    **dict.fromkeys(("continue", "unhalt", "unfreeze", "restart", "start"), "End a halt: habeas resume"),
    **dict.fromkeys(("setup", "install", "create", "new"), "Make an installation: habeas init --home FOLDER"),
    **dict.fromkeys(("check", "validate", "diagnose", "health"), "List what is missing: habeas doctor"),
    **dict.fromkeys(
        ("import", "load", "ingest", "add"),
        "Lists: habeas source add, habeas consent import, habeas roster import",
    ),
    **dict.fromkeys(("decrypt", "unseal"), "Sealed rows are opened by the custodian alone: habeas open"),
    **dict.fromkeys(("rules", "law", "laws"), "The rules: habeas policy"),
}  # fmt: skip
"""Words that people of the field try first, and what to type instead."""


class SuggestingGroup(TyperGroup):
    """A group of commands whose answer to an unknown word names the command that was probably meant."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """As Typer does it; the error's message ends in a suggestion where there is one."""
        try:
            return super().resolve_command(ctx, args)
        except Exception as error:
            hint = suggestion(ctx.find_root().command, args[0]) if args else None
            if hint and hasattr(error, "message"):
                error.message = f"{error.message.split(' Did you mean')[0]} {hint}."
            raise


_TYPED = (
    (re.compile(r"No such command '.*?'\.?", re.DOTALL), "No such command."),
    (re.compile(r"Got unexpected extra arguments?(\(s\))? \(.*\)", re.DOTALL),
     "Got an argument too many. A real id goes into a file: --subject-file FILE, or - for standard input"),
    (re.compile(r"^'.*?' is not ", re.DOTALL), "That is not "),
)  # fmt: skip
"""How Typer's own errors quote an argument, and the text in its place: the argument may be a real id."""


def without_typed_text(error: Any) -> None:
    """Take what was typed out of a usage error's message."""
    if isinstance(message := getattr(error, "message", None), str):
        for quoted, words in _TYPED:
            message = quoted.sub(words, message)
        error.message = message


def suggestion(program: Any, word: str) -> str | None:
    """What to type instead of `word`, as a sentence without its full stop; None when nothing is near."""
    paths = [path for path, _ in _commands(program)]
    ending = [path for path in paths if path.split()[-1] == word]
    if ending:
        return f"Did you mean: {', '.join(ending)}"
    if word.lower() in DOMAIN_WORDS:
        return DOMAIN_WORDS[word.lower()]
    by_last = {path.split()[-1]: path for path in reversed(paths)}
    near = get_close_matches(word.lower(), [*by_last, *DOMAIN_WORDS], n=1, cutoff=0.7)
    if not near:
        return None
    return f"Did you mean: {by_last[near[0]]}" if near[0] in by_last else DOMAIN_WORDS[near[0]]


def _commands(command: Any, words: tuple[str, ...] = ("habeas",)) -> Iterator[tuple[str, Any]]:
    """Every command and group below `command` with the words that call it."""
    for name, inner in getattr(command, "commands", {}).items():
        path = (*words, name)
        yield " ".join(path), inner
        yield from _commands(inner, path)
