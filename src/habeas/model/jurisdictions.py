"""Which laws reach a piece of work: the union over every place that takes part in it.

Choosing by one place alone would allow shopping for the laxest law. An unknown place may be anywhere, so it
brings every law; so does a code that is no country's. A part of the United States that doesn't exist (US-ILL) may be
any of them, so it brings all their laws. Places are ISO 3166 codes, whole (KR) or in part (US-IL); besides them EU,
and `unknown`.
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
_PARTS_OF_US_CODES = (
    "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA "
    "RI SC SD TN TX UT VT VA WA WV WI WY DC AS GU MP PR UM VI"
)
_PARTS_OF_US = frozenset(f"US-{part}" for part in _PARTS_OF_US_CODES.split())
"""States, the District and the outlying areas (ISO 3166-2:US)."""


def laws_of(place: str) -> frozenset[str]:
    """The laws one place brings."""
    country = place.partition("-")[0]
    if country == "KR":
        return frozenset({"law_kr"})
    if country in _EEA:
        return frozenset({"law_eu"})
    if place in _STATES:
        return frozenset({_STATES[place]})
    if country == "US":
        return frozenset() if place in _PARTS_OF_US else frozenset(_STATES.values())
    return frozenset() if country in _ELSEWHERE else ALL


def laws_of_all(places: Iterable[str] | None) -> frozenset[str]:
    """The laws that several places bring together; None = not stated, so every law."""
    return ALL if places is None else frozenset[str]().union(*map(laws_of, places))


def is_place(place: str) -> bool:
    """Whether there is such a country, or such a part of the one country whose parts matter here; EU counts."""
    country = place.partition("-")[0]
    if country == "US":
        return place == "US" or place in _PARTS_OF_US
    return country == "KR" or country in _EEA or country in _ELSEWHERE


def within(place: str, region: str) -> bool:
    """`place` lies in `region`, or is it: US-IL in US, DE in EU. What is unknown lies in nothing."""
    if not is_place(region):
        return False
    country = place.partition("-")[0]
    return region in (place, country) or (region == "EU" and country in _EEA)


def may_lie_in(place: str, region: str) -> bool:
    """True unless it is certain that `place` lies outside `region`."""
    country = place.partition("-")[0]
    if within(place, region) or is_place(place):
        return within(place, region)
    is_us = country == "US"  # a part of it that doesn't exist lies in any other part, and in no other country
    return region.partition("-")[0] == country if is_us else True
