"""What a permit obliges to: a closed list, written `@obligation("log_days>=730; inform_recipients")`.

Duties of several packs unite: the shortest of every upper limit, the longest of every lower one, all words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from habeas.model.errors import UsageError

AT_MOST = ("retention_days", "destroy_days", "answer_days", "breach_report_days", "audit_days")
AT_LEAST = ("log_days",)
WORDS = ("inform_subjects", "inform_recipients", "human_review", "keep_apart", "extend_with_reasons")

_LIMIT = re.compile(
    rf"({'|'.join(AT_MOST)})(<=)([1-9][0-9]{{0,4}})|({'|'.join(AT_LEAST)})(>=)([1-9][0-9]{{0,4}})"
)
_KNOWN = ", ".join([*(f"{n}<=N" for n in AT_MOST), *(f"{n}>=N" for n in AT_LEAST), *WORDS])


def parse(text: str, place: str) -> tuple[str, ...]:
    """The duties in an annotation, sorted. Raises UsageError naming the place."""
    duties = text.split("; ")
    for each in duties:
        if each not in WORDS and not _LIMIT.fullmatch(each):
            raise UsageError(
                f"{place}: @obligation holds something that is no obligation",
                hint=f'Write "; " between these, with N from 1 to 99999: {_KNOWN}.',
            )
    if len({re.split("[<>]", each)[0] for each in duties}) != len(duties):
        raise UsageError(f"{place}: @obligation says something twice", hint="Keep one of them.")
    return tuple(sorted(duties))


def unite(duties: Iterable[str]) -> tuple[str, ...]:
    """One list out of many, sorted."""
    words: set[str] = set()
    limits: dict[tuple[str, str], int] = {}
    for duty in duties:
        match = _LIMIT.fullmatch(duty)
        if match is None:
            words.add(duty)
            continue
        name, sign, number = (group for group in match.groups() if group is not None)
        better = min if sign == "<=" else max
        limits[name, sign] = better(int(number), limits.get((name, sign), int(number)))
    return tuple(sorted([*words, *(f"{name}{sign}{number}" for (name, sign), number in limits.items())]))


def at_most(duties: Iterable[str], name: str) -> int | None:
    """The upper limit that `duties` set for `name`; the shortest one."""
    limits = [int(duty.removeprefix(f"{name}<=")) for duty in duties if duty.startswith(f"{name}<=")]
    return min(limits, default=None)
