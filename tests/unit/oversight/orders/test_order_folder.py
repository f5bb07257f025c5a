"""Orders lie in a folder: written whole, read strictly, asked cheaply, and never read past a fault."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from giving import NOW, Office, id_of

from habeas.model.errors import Halted, IntegrityError, KeyUnavailable, RefusedByPolicy, Unavailable
from habeas.model.orders import HaltScope, Role
from habeas.oversight.orders.folder import HaltWatch, OrderFolder

OFFICE = Office()
PEOPLE = [
    OFFICE.person("oversight-1", Role.OVERSIGHT, seed=2),
    OFFICE.person("privacy-1", Role.PRIVACY, seed=3),
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "registrar.pub").write_bytes(OFFICE.public)
    return tmp_path


@pytest.fixture
def orders(home: Path) -> OrderFolder:
    folder = OrderFolder(home / "orders", home / "registrar.pub")
    for file in PEOPLE:
        folder.add(*file)
    return folder


def test_nobody_ordered_anything_where_there_is_no_folder(tmp_path: Path) -> None:
    folder = OrderFolder(tmp_path / "orders", tmp_path / "registrar.pub")
    assert ({}, ()) == (dict(folder.book().people), folder.book().every_halt)


def test_an_order_is_there_whole_and_jobs_of_others_may_read_it(orders: OrderFolder, home: Path) -> None:
    before = os.umask(0o077)
    try:
        orders.add(*OFFICE.halt("oversight-1", 2))
    finally:
        os.umask(before)
    assert 3 == len(os.listdir(home / "orders"))
    assert {0o644} == {path.stat().st_mode & 0o777 for path in (home / "orders").iterdir()}
    assert 1 == len(orders.book().halts(NOW))


def test_an_order_that_would_not_be_valid_is_not_written(orders: OrderFolder, home: Path) -> None:
    halt = OFFICE.halt("oversight-1", 2)
    orders.add(*halt)
    with pytest.raises(RefusedByPolicy, match="whoever halted can't resume"):
        orders.add(*OFFICE.resume(halt, "oversight-1", 2))
    assert 3 == len(os.listdir(home / "orders"))


def test_a_killed_writer_leaves_nothing_that_stops_work(orders: OrderFolder, home: Path) -> None:
    (home / "orders" / f".{'a' * 64}.json.1234.part").write_bytes(b'{"ord')
    assert () == orders.book().halts(NOW)


def test_a_halt_is_seen_by_a_reader_that_looked_before(orders: OrderFolder, home: Path) -> None:
    other = OrderFolder(home / "orders", home / "registrar.pub")
    assert () == other.book().halts(NOW)
    halt = OFFICE.halt("oversight-1", 2)
    orders.add(*halt)
    assert 1 == len(other.book().halts(NOW))
    orders.add(*OFFICE.resume(halt, "privacy-1", 3))
    assert () == other.book().halts(NOW)


def test_a_halt_edited_in_place_is_seen_though_its_times_are_set_back(
    orders: OrderFolder, home: Path
) -> None:
    halt = OFFICE.halt("oversight-1", 2)
    orders.add(*halt)
    orders.book()
    place = home / "orders" / halt[0]
    old = place.stat()
    place.write_bytes(halt[1].replace(b"complaint", b"compliant"))
    os.utime(place, ns=(old.st_atime_ns, old.st_mtime_ns))
    with pytest.raises(IntegrityError, match=halt[0]):
        orders.book()


def test_a_halt_that_goes_away_while_a_job_runs_does_not_let_it_run_on(
    orders: OrderFolder, home: Path
) -> None:
    halt = OFFICE.halt("oversight-1", 2)
    orders.add(*halt)
    assert orders.book().halts(NOW)
    (home / "orders" / halt[0]).unlink()
    for _ in range(2):
        with pytest.raises(IntegrityError, match="never taken away"):
            orders.book()


def test_a_worker_that_does_not_see_the_folder_works_on_nothing(orders: OrderFolder, home: Path) -> None:
    elsewhere = home / "not mounted here"
    with pytest.raises(Unavailable, match="may hold a halt"):
        OrderFolder(elsewhere, home / "registrar.pub", required=True).book()


def test_a_folder_that_cannot_be_listed_stops_everything(home: Path) -> None:
    (home / "orders").symlink_to(home / "nowhere")
    with pytest.raises(Unavailable, match="may hold a halt"):
        OrderFolder(home / "orders", home / "registrar.pub").book()
    (home / "orders").unlink()
    (home / "orders").write_text("no folder")
    with pytest.raises(Unavailable, match="may hold a halt"):
        OrderFolder(home / "orders", home / "registrar.pub").book()


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_folder_closed_to_the_job_stops_it(orders: OrderFolder, home: Path) -> None:
    (home / "orders").chmod(0)
    try:
        with pytest.raises(Unavailable):
            OrderFolder(home / "orders", home / "registrar.pub").book()
    finally:
        (home / "orders").chmod(0o755)


@pytest.mark.timeout(5)
def test_links_folders_and_pipes_are_no_orders(orders: OrderFolder, home: Path) -> None:
    name = f"{'b' * 64}.json"
    place = home / "orders" / name
    for make in (lambda: os.mkfifo(place), place.mkdir, lambda: place.symlink_to(PEOPLE[0][0])):
        make()
        with pytest.raises(IntegrityError, match="no plain file"):
            OrderFolder(home / "orders", home / "registrar.pub").book()
        place.rmdir() if place.is_dir() and not place.is_symlink() else place.unlink()


def test_orders_count_for_nothing_without_the_registrars_public_key(orders: OrderFolder, home: Path) -> None:
    (home / "registrar.pub").unlink()
    with pytest.raises(KeyUnavailable):
        OrderFolder(home / "orders", home / "registrar.pub").book()


def watch(home: Path, tick: list[float], at: list, **recipients: str) -> HaltWatch:
    folder = OrderFolder(home / "orders", home / "registrar.pub")
    return HaltWatch(folder, recipients, clock=lambda: at[0], monotonic=lambda: tick[0])


def test_a_watch_sees_a_halt_within_a_second_and_its_end(orders: OrderFolder, home: Path) -> None:
    tick, at = [0.0], [NOW]
    seen = watch(home, tick, at)
    seen.require()
    orders.add(*OFFICE.halt("oversight-1", 2, until=NOW + timedelta(hours=1)))
    tick[0] = 1.1
    with pytest.raises(Halted, match="halted by oversight-1 until 2026-11-23T13:00") as caught:
        seen.require()
    assert "habeas resume" in caught.value.hint
    tick[0], at[0] = 2.2, NOW + timedelta(hours=1)
    seen.require()


def test_a_watch_that_cannot_read_says_so_every_time(orders: OrderFolder, home: Path) -> None:
    tick = [0.0]
    seen = watch(home, tick, [NOW])
    seen.require()
    (home / "orders" / "note.txt").write_text("lunch")
    for tick[0] in (1.1, 1.2, 1.3):
        with pytest.raises(IntegrityError, match=r"note\.txt"):
            seen.require()


def test_a_watch_knows_whose_templates_a_purpose_makes(orders: OrderFolder, home: Path) -> None:
    orders.add(*OFFICE.halt("oversight-1", 2, HaltScope.RECIPIENT, "press"))
    seen = watch(home, [0.0], [NOW], search="press")
    assert seen.touching("studio", frozenset({"search"}))
    assert seen.touching("studio", frozenset({"archive"})) is None
    seen.require()


def test_asking_before_every_batch_costs_next_to_nothing(orders: OrderFolder, home: Path) -> None:
    for number in range(200):
        halt = OFFICE.halt("oversight-1", 2, HaltScope.SOURCE, f"source-{number}")
        (home / "orders" / halt[0]).write_bytes(halt[1])
    folder = OrderFolder(home / "orders", home / "registrar.pub")
    seen = HaltWatch(folder, {})
    began = time.process_time()
    assert 200 == len(seen.stopped().sources)
    whole = time.process_time() - began
    began = time.process_time()
    for _ in range(10_000):
        seen.require()
    assert time.process_time() - began < 0.5
    began = time.process_time()
    folder.book()
    assert time.process_time() - began < 0.05
    assert whole < 2


def test_the_id_of_a_halt_is_what_its_file_is_called(orders: OrderFolder) -> None:
    halt = OFFICE.halt("oversight-1", 2)
    assert [id_of(halt)] == [h.halt_id for h in orders.add(*halt).every_halt]
