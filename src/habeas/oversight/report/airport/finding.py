"""What is known of the real case the drawn airport stands for, sentence by sentence, each with its sources.

A claim and a finding are kept apart. The commission's decision itself is not public in a form we found: this follows
the press. `docs/explanation/airport.md` says the same; a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_AIRI = "airi-navigator.com/incidents/441"
_CHO = "biz.chosun.com/en/en-society/2026/02/26/QWPDNKO3K5EBXP5YNIONEWP5HE"
_HANI = "english.hani.co.kr/arti/english_edition/e_national/1016107"
_KG = "img.kgnewskorea.com/news/view.php?bIdx=19822"
_COPY = (
    "linkielist.com/global-domination/privacy/"
    "south-korea-is-giving-millions-of-photos-of-all-foreign-travelers-since-2019-to-facial-recognition-researchers"
)
_TELL = (
    "tellerreport.com/tech/2022-07-21-my-immigration-photos-are-sent-to-private-companies%E2%80%A6-"
    "constitutional-complaint.HJe-Lt6L3q.html"
)
_DECISION = (
    "www3.edaily.co.kr/News/Read?mediaCodeNo=257&newsId=03552246632300384",
    "fnnews.com/ampNews/202204271527207253",
    "it.chosun.com/m/svc/article.html?contid=2022042702570",
    "world.kbs.co.kr/service/news_view.htm?lang=e&Seq_Code=169280",
    "koiners.ajunews.com/view/20220427164138566",
)


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that is known, and where it stands."""

    says: str
    sources: tuple[str, ...]


KNOWN: Final = (
    Statement(
        "In April 2019 the Ministry of Justice and the Ministry of Science and ICT of Korea agreed to build an AI "
        "identification and tracking system for airports, out of CCTV and immigration photos. It was planned to end "
        "in 2022 and became public on 2021-10-21.",
        (_HANI, _COPY),
    ),
    Statement(
        "The photos: 57.6 million of nationals and 120 million of foreigners, together 177.6 million. Of the "
        'foreigners\', 100 million were for training and 20 million to verify the algorithm: the "100 million" of '
        "first reports is the foreign training subset.",
        (_AIRI, _KG, _CHO),
    ),
    Statement(
        "24 companies took part from April 2019 to October 2021, according to the report on the Constitutional "
        "Court's decision; other press said 8.",
        (_CHO, _TELL),
    ),
)
"""Before the finding."""

FINDING: Final = (
    Statement(
        "On 2022-04-27 the Personal Information Protection Commission (PIPC) decided the case.",
        _DECISION,
    ),
    Statement(
        "It held that face features are sensitive information, also where they are extracted from CCTV. The use of "
        "CCTV was not judged, since CCTV data had not been used.",
        _DECISION,
    ),
    Statement(
        "It held the processing to be lawful under the Immigration Act, which allows biometrics, and within the "
        "purpose.",
        _DECISION,
    ),
    Statement(
        "It held the vendors to be processors: they worked on zero-clients without input or output, and nothing left "
        "the lab.",
        _DECISION,
    ),
    Statement(
        "It found one breach and no other, of Article 26(2): the outsourcing had not been made public. The "
        "administrative fine was KRW 1,000,000, the first on a central ministry.",
        _DECISION,
    ),
    Statement(
        "Two outlets add that use for a purpose with no basis in the Immigration Act needs consent or an explicit "
        "statute.",
        (_KG, "alabamakoreantimes.com"),
    ),
    Statement(
        "On 2026-02-26 the Constitutional Court unanimously dismissed a complaint as moot: the project had ended in "
        "December 2021 and the data had been destroyed. It did not rule on the merits.",
        (_CHO,),
    ),
)
"""The regulator's finding and what the court did. Neither found a breach of Article 18 or 23."""

RESTS_ON: Final = (
    (
        ("KR-26-2",),
        "Undisputed: it is the breach the commission found. No consent mends it.",
    ),
    (
        ("KR-18-1", "KR-23-1"),
        "Our strict reading of the law. The commission read it otherwise in 2022. Where its finding is recorded, the "
        "regulator profile leaves these two out; that profile informs and opens nothing.",
    ),
    (
        ("HOUSE-2", "HOUSE-3"),
        "Our own rules: no new purpose, and no faces from a public body for a private one's training, without the "
        "person's separate consent, whatever statute is cited.",
    ),
)
"""What a refusal here rests on, rule by rule."""
