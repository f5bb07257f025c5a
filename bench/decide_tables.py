"""A drawn installation of any size, as tables: who is listed where, and what they said. Nobody in it exists.

Spark draws it: every value follows from a row's number, so the same size gives the same tables. The mix is meant to be
ordinary: a few sources in a few places, ten lines a person and four a file, most people said yes once, some changed
their mind or said it for one source or event alone, some live where nobody knows.
"""

from __future__ import annotations

from datetime import UTC, datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from habeas.synthetic.archives.activities import NOTICE
from habeas.warehouse.spark_tables import Tables

PURPOSES = ("archive_search", "access_verification")
LINES_A_PERSON, LINES_A_FILE, FILES_A_FOLDER = 10, 4, 200
# Nothing runs out between the two nights: what the second decides again follows from what was said.
FIRST_NIGHT, SECOND_NIGHT = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 6, 1, 6, tzinfo=UTC)
_STEP = 7_919  # a prime spreads those who withdraw over everybody; one purpose each
_BEFORE = datetime(2026, 3, 1, tzinfo=UTC)
_SOURCES = (  # id, controller's kind, place, purposes, medium, days kept
    ("portraits", "private", "KR", PURPOSES, "studio", 36_500),
    ("lobby", "private", "KR", PURPOSES[:1], "cctv", 3_650),
    ("festival", "public", "KR", PURPOSES[:1], "event", 36_500),
    ("berlin", "private", "DE", PURPOSES, "studio", 36_500),
    ("chicago", "private", "US-IL", PURPOSES, "event", 36_500),
    ("attic", "private", "unknown", PURPOSES[:1], None, 36_500),
)


def write(tables: Tables, lines: int) -> None:
    """Write every table that decide reads."""
    people = max(1, lines // LINES_A_PERSON)
    files = max(1, lines // LINES_A_FILE)
    written = {
        "sources": tables.frame("sources", [_source(*each) for each in _SOURCES]),
        "assets": _assets(tables, files),
        "rosters": _rosters(tables, lines, people),
        "subjects": _subjects(tables, people),
        "consents": _consents(tables, people),
        "keys": _keys(tables, people),
        "leave_outs": _leave_outs(tables, people),
        "occasions": _occasions(tables, files // FILES_A_FOLDER + 1),
    }
    for name, rows in written.items():
        tables.append(name, rows)


def change(tables: Tables, lines: int, share: float) -> frozenset[str]:
    """Withdraw `share` of all consents after the first night; the keys that close with it."""
    people = max(1, lines // LINES_A_PERSON)
    count = max(1, round(people * len(PURPOSES) * share))
    rows = tables.spark.range(count).withColumn("person", (F.col("id") * _STEP) % people)
    said = _statement(rows, "id", _at("2026-06-01 03:00:00"), _at("2026-06-01 03:00:00"))
    tables.append("consents", said.withColumn("status", F.lit("ConsentWithdrawn")).withColumn(
        "consent_id", F.concat(F.lit("late-"), "id")))  # fmt: skip
    return frozenset(f"key-{n * _STEP % people}-{PURPOSES[n % len(PURPOSES)]}" for n in range(count))


def open_keys(lines: int) -> frozenset[str]:
    """Ids of the keys that aren't closed: all but one person's in fifty."""
    people = max(1, lines // LINES_A_PERSON)
    return frozenset(f"key-{p}-{purpose}" for p in range(people) if p % 50 for purpose in PURPOSES)


def _drawn(what: str, key: str = "id") -> Column:
    """A number from 0 to 999, the same for the same row."""
    return F.pmod(F.xxhash64(F.lit(what), F.col(key)), F.lit(1000))


def _pick(what: str, *mix: tuple[int, Column], otherwise: Column, key: str = "id") -> Column:
    """A value for so many rows of a thousand, in order, and another for the rest."""
    found, below, drawn = otherwise, sum(share for share, _ in mix), _drawn(what, key)
    for share, value in reversed(mix):
        found = F.when(drawn < below, value).otherwise(found)
        below -= share
    return found


def _at(text: str) -> Column:
    return F.to_timestamp(F.lit(text))


def _words(*words: str) -> Column:
    return F.array(*map(F.lit, words)).cast("array<string>")


def _source(
    name: str, kind: str, place: str, purposes: tuple[str, ...], medium: str | None, days: int
) -> dict[str, object]:
    return {
        "source_id": name, "controller": f"Office of {name}", "controller_kind": kind, "root": name,
        "purposes": list(purposes), "legal_basis": "Consent", "scan_ground": "LegitimateInterest",
        "roster_ground": "Consent", "jurisdiction": place, "capture_place": place, "retention_days": days,
        "registered_at": _BEFORE, "medium": medium, "self_published": False, "contractor_scope": False,
    }  # fmt: skip


def _assets(tables: Tables, files: int) -> DataFrame:
    folder = F.floor(F.col("id") / FILES_A_FOLDER)
    names = _words(*(each[0] for each in _SOURCES))
    source = F.element_at(names, (F.pmod(folder, F.lit(len(_SOURCES))) + 1).cast("int"))
    noon = F.expr(
        "timestampadd(HOUR, 12, timestamp'2015-01-01') + make_dt_interval(cast(pmod(id * 13, 4000) as int))"
    )
    return tables.spark.range(files).select(
        F.concat(F.lit("asset-"), "id").alias("asset_id"),
        source.alias("source_id"),
        F.concat("id", F.lit(".jpg")).alias("location"),
        F.array(source, F.concat(F.lit("folder-"), folder)).alias("folders"),
        _pick("media", (30, F.lit("clip")), (5, F.lit("unreadable")), otherwise=F.lit("photo")).alias("media"),
        F.lit("jpeg").alias("format"),
        F.lit(1).cast("long").alias("bytes"),
        F.lit(1).cast("long").alias("modified_ns"),
        F.lit(1).cast("long").alias("changed_ns"),
        F.array().cast("array<string>").alias("copies"),
        _pick("captured", (100, F.lit(None)), otherwise=noon).alias("captured_at"),
        (_drawn("present") >= 5).alias("present"),
        F.lit(_BEFORE).alias("catalogued_at"),
        F.lit("drawn").alias("run_id"),
    )  # fmt: skip


def _rosters(tables: Tables, lines: int, people: int) -> DataFrame:
    person = F.concat(F.lit("person-"), F.pmod(F.xxhash64(F.lit("who"), "id"), F.lit(people)))
    empty = {
        "from_ms": "long",
        "to_ms": "long",
        "x0": "double",
        "y0": "double",
        "x1": "double",
        "y1": "double",
    }
    file = F.floor(F.col("id") / LINES_A_FILE) % max(1, lines // LINES_A_FILE)
    return tables.spark.range(lines).select(
        F.concat(F.lit("line-"), "id").alias("line_id"),
        F.concat(F.lit("asset-"), file).alias("asset_id"),
        _pick("listed", (20, F.lit(None)), otherwise=person).alias("subject_id"),
        *(F.lit(None).cast(kind).alias(name) for name, kind in empty.items()),
        F.lit(None).cast("int").alias("position"),
        F.lit(None).cast("int").alias("row"),
        F.lit(True).alias("closed"),
        _pick("attested", (10, F.lit("")), otherwise=F.lit("desk")).alias("attested_by"),
        F.lit(_BEFORE).alias("attested_at"),
        F.lit(_BEFORE).alias("recorded_at"),
    )  # fmt: skip


def _subjects(tables: Tables, people: int) -> DataFrame:
    where = _pick(
        "where", (100, F.lit(None)), (80, _words("DE")), (40, _words("US-IL")), (30, _words("US-WA")),
        (20, _words("KR", "US")), (30, _words("JP")), otherwise=_words("KR"),
    )  # fmt: skip
    age = _pick(
        "age", (100, F.lit(None)), (20, F.lit("under_14")), (30, F.lit("under_18")), otherwise=F.lit("adult")
    )
    contact = F.date_sub(F.lit("2026-05-01").cast("date"), (_drawn("contact") * 2).cast("int"))
    return tables.spark.range(people).select(
        F.concat(F.lit("person-"), "id").alias("subject_id"),
        where.alias("jurisdictions"),
        age.alias("age"),
        _pick("told", (300, F.lit(None)), otherwise=contact).alias("last_contact_on"),
        F.lit(_BEFORE).alias("recorded_at"),
    )


def _consents(tables: Tables, people: int) -> DataFrame:
    """A statement of most people for each purpose, and a second one of some."""
    each = tables.spark.range(people * len(PURPOSES) * 2)
    rows = each.withColumn("person", F.floor(F.col("id") / 4)).withColumn("second", F.col("id") % 4 >= 2)
    rows = rows.where(
        (~F.col("second") & (_drawn("asked") < 900)) | (F.col("second") & (_drawn("again") < 150))
    )
    given = F.when(F.col("second"), _at("2026-02-01 12:00:00")).otherwise(_at("2025-02-01 12:00:00"))
    return _statement(rows, "id", given, F.lit(_BEFORE))


def _statement(rows: DataFrame, key: str, given_at: Column, recorded_at: Column) -> DataFrame:
    no = (F.lit("ConsentRefused"), F.lit("ConsentWithdrawn"))
    over = F.expr("timestamp'2026-07-01 12:00:00' + make_dt_interval(cast(pmod(id * 17, 900) as int))")
    nothing, bundled = F.lit(None).cast("boolean"), F.lit(False)
    gala = F.concat(F.lit("gala-"), F.pmod(F.col("person"), F.lit(7)))
    purposes = _words(*PURPOSES)
    return rows.select(
        F.concat(F.lit("consent-"), key).alias("consent_id"),
        F.concat(F.lit("person-"), "person").alias("subject_id"),
        F.element_at(purposes, (F.col("id") % len(PURPOSES) + 1).cast("int")).alias("purpose"),
        _pick("status", (60, no[0]), (60, no[1]), otherwise=F.lit("ConsentGiven")).alias("status"),
        given_at.alias("given_at"),
        _pick("ends", (300, F.lit(None)), (50, _at("2026-05-01")), otherwise=over).alias("expires_at"),
        recorded_at.alias("recorded_at"),
        _pick("explicit", (20, nothing), (30, bundled), otherwise=F.lit(True)).alias("explicit"),
        _pick("notice", (100, F.lit("2019-1")), otherwise=F.lit(NOTICE)).alias("notice_version"),
        F.lit("form").alias("method"),
        F.lit("0" * 64).alias("evidence_digest"),
        _pick("separate", (50, nothing), (80, bundled), otherwise=F.lit(True)).alias("separate"),
        _pick("written", (50, nothing), (80, bundled), otherwise=F.lit(True)).alias("written"),
        _pick("guardian", (30, F.lit(True)), otherwise=F.lit(False)).alias("guardian"),
        _words().alias("recipients"),
        _pick("abroad", (50, _words("DE")), otherwise=_words()).alias("countries"),
        _pick("where", (60, _words("portraits", "lobby")), otherwise=_words()).alias("sources"),
        *(_words().alias(name) for name in ("folders", "sites", "lots", "assets")),
        _pick("event", (40, F.array(gala)), otherwise=_words()).alias("events"),
        _pick("window", (30, _at("2020-01-01")), otherwise=F.lit(None)).alias("from_at"),
        F.lit(None).cast("timestamp").alias("to_at"),
        F.col("id"),
    )


def _keys(tables: Tables, people: int) -> DataFrame:
    rows = tables.spark.range(people).where(_drawn("enrolled") < 950)
    return rows.select("id", F.explode(_words(*PURPOSES)).alias("purpose")).select(
        F.concat(F.lit("key-"), "id", F.lit("-"), "purpose").alias("key_id"),
        F.concat(F.lit("person-"), "id").alias("subject_id"),
        "purpose",
        F.lit(1).alias("generation"),
        F.lit(2).alias("suite"),
        F.lit(b"drawn").alias("public_key"),
        F.lit(_BEFORE).alias("created_at"),
        F.lit(b"drawn").alias("signature"),
    )


def _leave_outs(tables: Tables, people: int) -> DataFrame:
    """One person in two hundred, and two events."""
    scope = ("purposes", "sources", "folders", "sites", "events", "lots", "assets")
    kind = _pick("why", (300, F.lit("objection")), (200, F.lit("restriction")), otherwise=F.lit("leave_out"))
    persons = tables.spark.range(people).where(_drawn("left out") < 5).select(
        F.concat(F.lit("out-"), "id").alias("leave_out_id"),
        kind.alias("kind"),
        F.concat(F.lit("person-"), "id").alias("subject_id"),
        *(_words().alias(name) for name in scope),
    )  # fmt: skip
    events = tables.spark.range(2).select(
        F.concat(F.lit("event-"), "id").alias("leave_out_id"),
        F.lit("leave_out").alias("kind"),
        F.lit(None).cast("string").alias("subject_id"),
        *(
            (F.array(F.concat(F.lit("gala-"), "id")) if name == "events" else _words()).alias(name)
            for name in scope
        ),
    )
    none = F.lit(None).cast("timestamp")
    return persons.unionByName(events).select(
        "*", none.alias("from_at"), none.alias("to_at"), F.lit(_BEFORE).alias("since"), none.alias("until"),
        F.lit(_BEFORE).alias("recorded_at"), F.lit("asked").alias("reason"),
        F.lit("0" * 64).alias("evidence_digest"), F.lit(None).cast("string").alias("lifts"),
    )  # fmt: skip


def _occasions(tables: Tables, folders: int) -> DataFrame:
    """Every fortieth folder is an event's."""
    names = _words(*(each[0] for each in _SOURCES))
    return tables.spark.range(0, folders, 40).select(
        F.element_at(names, (F.pmod("id", F.lit(len(_SOURCES))) + 1).cast("int")).alias("source_id"),
        F.concat(F.lit("folder-"), "id").alias("folder_id"),
        F.lit("event").alias("kind"),
        F.concat(F.lit("gala-"), F.pmod("id", F.lit(7))).alias("name"),
        F.lit(_BEFORE).alias("recorded_at"),
    )
