"""Facts from ledgers by the thousand, given and recorded at times that have nothing to do with each other.

What a decision may rest on is held against a plain reading of both times; then the packs are asked about the facts.
"""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta

import pytest
from deriving import a_full_statement, embed
from ordinary import day

from habeas.model.decision import Action, Effect
from habeas.model.installation.clocks import SKEW
from habeas.model.installation.resources import PROJECT
from habeas.model.people import ConsentStatement, ConsentStatus
from habeas.policy.facts.schema import canonical
from habeas.policy.rules.decide import Decider
from habeas.policy.rules.packs import load_packs, pack_names

START = day("2026-06-01")
SKEWS = [timedelta(0), SKEW, -SKEW, SKEW + timedelta(seconds=1), timedelta(hours=9), timedelta(hours=-9)]


def ledger(rng: random.Random) -> list[ConsentStatement]:
    """Up to four statements; half of them are given when they are recorded, but for a clock or a zone that is wrong."""
    made = []
    for number in range(rng.randint(1, 4)):
        recorded_at = START + timedelta(hours=rng.randint(0, 30))
        wrong = rng.choice(SKEWS) if rng.random() < 0.5 else timedelta(hours=rng.randint(-40, 40))
        made.append(a_full_statement(
            rng.choice(["given", "given", "withdrawn", "refused"]), "archive_search", recorded_at + wrong,
            recorded_at=recorded_at, expires_at=None, consent_id=f"c{number}",
            explicit=rng.choice([True, True, None]), notice_version=rng.choice(["1", "1", "0"]),
        ))  # fmt: skip
    return made


def newer_in_both(said: list[ConsentStatement], at: datetime) -> bool:
    """The newest consent that has begun was given after, and not recorded before, every no that is known.

    Given when it was recorded at the latest: what lies after that is a clock ahead.
    """
    known = [each for each in said if each.recorded_at <= at]
    noes = [each for each in known if each.status is not ConsentStatus.GIVEN]
    begun = [each for each in known if each.status is ConsentStatus.GIVEN and each.given_at <= at]
    last = max((each.given_at for each in begun), default=None)
    return any(
        all(
            min(yes.given_at, yes.recorded_at) > min(no.given_at, no.recorded_at)
            and yes.recorded_at >= no.recorded_at
            for no in noes
        )
        for yes in begun
        if yes.given_at == last
    )


@pytest.mark.parametrize(
    ("count", "seed"), [(3_000, 20261129), pytest.param(100_000, 20261128, marks=[pytest.mark.battery])]
)
@pytest.mark.timeout(3600)
def test_a_template_is_allowed_only_by_a_consent_newer_than_every_no_in_both_times(
    count: int, seed: int
) -> None:
    rng = random.Random(seed)
    decider = Decider(load_packs(PROJECT / "policies", pack_names(PROJECT / "policies")))
    effects: dict[str, Effect] = {}
    seen: Counter[tuple[bool, Effect]] = Counter()
    for _ in range(count):
        said, at = ledger(rng), START + timedelta(hours=rng.randint(0, 72))
        facts = embed(statements=said, as_of=at).facts
        stands = newer_in_both(said, at)
        assert stands == (facts["consent"] == "given" if "consent" in facts else False), (said, at)
        text = canonical(facts)
        if text not in effects:
            effects[text] = decider.decide(Action.EMBED, facts).effect
        seen[stands, effects[text]] += 1
    assert 0 == seen[False, Effect.ALLOW]
    assert seen[True, Effect.ALLOW] and seen[False, Effect.DENY]


def test_a_plain_withdrawal_is_refused_for_the_withdrawal_alone() -> None:
    """What was said about notice, apart and in so many words is the consent's; the withdrawal says nothing of it."""
    given = a_full_statement("given", "archive_search", day("2026-01-02"), None)
    plain = a_full_statement(
        "withdrawn", "archive_search", day("2026-05-02"), None, explicit=None, separate=None, written=None,
        guardian=None, notice_version="",
    )  # fmt: skip
    before = embed(statements=[given], as_of=START).facts
    after = embed(statements=[given, plain], as_of=START).facts
    differ = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    assert {"consent", "separate_consent"} <= differ <= {
        "consent", "separate_consent", "recipient_consented", "transfer_consented", "consent_before_capture",
    }  # fmt: skip
    assert "withdrawn" == after["consent"]
