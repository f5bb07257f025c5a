"""Which laws reach a piece of work: the union over every place that takes part in it.

Choosing by one place alone would let somebody shop for the laxest law. A place nobody knows may be anywhere, so it
brings every law; so does a code that is no country's. Places are ISO 3166 codes, whole (KR) or in part (US-IL);
besides them EU, and `unknown`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

LAWS = ("law_kr", "law_eu", "law_us_il", "law_us_tx", "law_us_wa")
"""Facts that say which law applies."""

ALL = frozenset(LAWS)
UNKNOWN = "unknown"
PLACE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?|unknown")

# The Union and the rest of the EEA (EL is how the Union itself writes Greece), with the islands and the overseas
# regions that have codes of their own and belong to it (Art 355 TFEU).
_EEA_CODES = (
    "EU EL AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK IS LI NO "
    "AX GF GP MF MQ RE YT"
)
_ELSEWHERE_CODES = (
    "AD AE AF AG AI AL AM AO AQ AR AS AU AW AZ BA BB BD BF BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF "
    "CG CH CI CK CL CM CN CO CR CU CV CW CX DJ DM DO DZ EC EG EH ER ET FJ FK FM FO GA GB GD GE GG GH GI GL GM GN GQ "
    "GS GT GU GW GY HK HM HN HT ID IL IM IN IO IQ IR JE JM JO JP KE KG KH KI KM KN KP KW KY KZ LA LB LC LK LR LS LY "
    "MA MC MD ME MG MH MK ML MM MN MO MP MR MS MU MV MW MX MY MZ NA NC NE NF NG NI NP NR NU NZ OM PA PE PF PG PH PK "
    "PM PN PR PS PW PY QA RS RU RW SA SB SC SD SG SH SJ SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM "
    "TN TO TR TT TV TW TZ UA UG UM UY UZ VA VC VE VG VI VN VU WF WS YE ZA ZM ZW"
)
_EEA, _ELSEWHERE = frozenset(_EEA_CODES.split()), frozenset(_ELSEWHERE_CODES.split())
_STATES = {"US-IL": "law_us_il", "US-TX": "law_us_tx", "US-WA": "law_us_wa"}


def laws_of(place: str) -> frozenset[str]:
    """The laws one place brings."""
    country = place.partition("-")[0]
    if country == "KR":
        return frozenset({"law_kr"})
    if country in _EEA:
        return frozenset({"law_eu"})
    if place == "US":
        return frozenset(_STATES.values())
    if country == "US":
        return frozenset({_STATES[place]}) if place in _STATES else frozenset()
    return frozenset() if country in _ELSEWHERE else ALL


def laws_of_all(places: Iterable[str] | None) -> frozenset[str]:
    """The laws that several places bring together; None = nobody said which, so every law."""
    return ALL if places is None else frozenset[str]().union(*map(laws_of, places))


def within(place: str, region: str) -> bool:
    """`place` lies in `region`, or is it: US-IL in US, DE in EU. What is unknown lies in nothing."""
    if region == UNKNOWN:
        return False
    country = place.partition("-")[0]
    return region in (place, country) or (region == "EU" and country in _EEA)


def may_lie_in(place: str, region: str) -> bool:
    """`place` lies in `region`, or nobody can rule it out."""
    country = place.partition("-")[0]
    known = country in _EEA or country in _ELSEWHERE or country in ("KR", "US")
    return within(place, region) or not known
