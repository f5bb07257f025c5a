"""Where a person's consent stands: a pure function over an append-only, bitemporal ledger.

Two times: `given_at` (since when it is true) and `recorded_at` (since when we know). The rules:

- Only statements of this person about exactly this purpose, recorded by `known_at`, count.
- Statements whose scope fits the footage speak; where none does, the others speak and `in_scope` is False. A window
  of capture times doesn't fit a consent where the time of capture is unknown; it does fit a refusal or a
  withdrawal.
- A refusal or a withdrawal is true from `given_at`, and from its recording at the latest: one dated ahead by a wrong
  clock or zone holds at once (`begins`).
- A consent beats a no only if it is newer in both times: given later, and not recorded before it (`beats`). All lines
  of one import are recorded at one instant; among those `given_at` alone tells the order, and where it lies after the
  recording, nothing does, and the no holds. So a no that is recorded
  after a consent holds whatever time the consent carries, until a consent is given and recorded after it.
- The newest consent (`given_at`) speaks where it beats every no; else the newest no. An older consent never stands in
  for the newest: with it, one no more could open what an ended consent had closed.
- Of several at one instant the most restrictive holds: withdrawn, then refused, then the consent that ends first, then
  the one not known to be explicit, then not known to be asked for separately, then not known to be written, then the
  one that names fewer recipients, then fewer countries.
- A consent that has ended is `expired`, even where an older one had no end: the newer one replaced it.
- Where nothing is true yet but something will be, the word is `future`.
- Nothing at all: status None = never asked.

Nothing here reads a clock or a store.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from habeas.model.people import ConsentStatement, ConsentStatus, Place
from habeas.records.scopes import fits

NO_END = datetime.max.replace(tzinfo=UTC)
_SEVERITY = {ConsentStatus.WITHDRAWN: 2, ConsentStatus.REFUSED: 1, ConsentStatus.GIVEN: 0}
_DOUBT = {False: 2, None: 1, True: 0}


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a consent stands. Until `flips_at` the same ledger gives the same standing; None = for ever.

    `status` is given, refused, withdrawn, expired or future; None = never asked, and then `statement` (the
    one that speaks) and `in_scope` are None too. `consent` is the consent that the status is about: the statement
    itself, or the newest consent that the no which speaks ended; None = there was none.
    """

    status: str | None
    statement: ConsentStatement | None
    in_scope: bool | None
    flips_at: datetime | None
    consent: ConsentStatement | None = None


def begins(statement: ConsentStatement) -> datetime:
    """Since when a statement is true: a no from its recording at the latest."""
    if statement.status is ConsentStatus.GIVEN:
        return statement.given_at
    return min(statement.given_at, statement.recorded_at)


def beats(consent: ConsentStatement, no: ConsentStatement) -> bool:
    """True when a consent is newer than a no in both times, so that it counts again.

    One dated after its recording (by a clock ahead) is taken as given when it was recorded, as a no is.
    """
    return min(consent.given_at, consent.recorded_at) > begins(no) and consent.recorded_at >= no.recorded_at


def covers(statement: ConsentStatement, place: Place) -> bool:
    """True when the statement is about this footage; what speaks against is, where that can't be known."""
    return fits(statement.scope, place, unknown_fits=statement.status is not ConsentStatus.GIVEN)


def standing(
    statements: Iterable[ConsentStatement],
    subject: str,
    purpose: str,
    place: Place,
    as_of: datetime,
    known_at: datetime,
) -> Standing:
    """What `subject` says about `purpose` for footage at `place`: true by `as_of`, known by `known_at`.

    `flips_at` looks ahead along both times at once: standing(…, t, t) is the same for every t from as_of
    (where known_at = as_of) to just before it. Times must carry a zone.
    """
    matching = [each for each in statements if each.subject_id == subject and each.purpose == purpose]
    recorded = [each for each in matching if each.recorded_at <= known_at]
    about = [each for each in recorded if covers(each, place)] or recorded
    begun = [each for each in about if begins(each) <= as_of]
    ahead = [instant for each in matching for instant in (each.given_at, each.recorded_at) if instant > as_of]
    if begun:
        speaks = _speaker(begun)
    elif about:
        first = min(begins(each) for each in about)
        speaks = max((each for each in about if begins(each) == first), key=_rank)
    else:
        return Standing(None, None, None, min(ahead, default=None))
    if begun and speaks.status is ConsentStatus.GIVEN and (speaks.expires_at or NO_END) > as_of:
        ahead.append(speaks.expires_at or NO_END)
    ahead = [instant for instant in ahead if instant != NO_END]
    given = speaks if speaks.status is ConsentStatus.GIVEN else _newest_consent(begun)
    return Standing(
        _word(speaks, as_of), speaks, covers(speaks, place), min(ahead, default=None), consent=given
    )


def _speaker(begun: Sequence[ConsentStatement]) -> ConsentStatement:
    """The newest consent where it beats every no, else the newest no."""
    noes = [each for each in begun if each.status is not ConsentStatus.GIVEN]
    consents = [each for each in begun if each.status is ConsentStatus.GIVEN]
    last = max((each.given_at for each in consents), default=None)
    newest = [each for each in consents if each.given_at == last]
    heeded = any(all(beats(each, no) for no in noes) for each in newest)
    return max(newest if heeded else noes, key=_rank)


def _newest_consent(begun: Sequence[ConsentStatement]) -> ConsentStatement | None:
    return max((each for each in begun if each.status is ConsentStatus.GIVEN), key=_rank, default=None)


def _word(statement: ConsentStatement, as_of: datetime) -> str:
    if begins(statement) > as_of:
        return "future"
    if statement.status is ConsentStatus.WITHDRAWN:
        return "withdrawn"
    if statement.status is ConsentStatus.REFUSED:
        return "refused"
    ended = statement.expires_at is not None and statement.expires_at <= as_of
    return "expired" if ended else "given"


def _rank(statement: ConsentStatement) -> tuple[datetime, tuple[float, ...], str]:
    """Newest first, then most restrictive; the id only makes the choice the same everywhere."""
    return begins(statement), _restriction(statement), statement.consent_id


def _restriction(statement: ConsentStatement) -> tuple[float, ...]:
    """Larger = more restrictive, part by part as the module's first lines tell."""
    end = statement.expires_at if statement.status is ConsentStatus.GIVEN else None
    return (
        _SEVERITY[statement.status],
        -(end or NO_END).timestamp(),
        _DOUBT[statement.explicit],
        _DOUBT[statement.separate],
        _DOUBT[statement.written],
        -len(statement.recipients),
        -len(statement.countries),
    )
