"""A secret in a file is readable by its owner alone, there whole or not at all, and never overwritten."""

from __future__ import annotations

import os

import pytest

from habeas.model.errors import IntegrityError, KeyUnavailable
from habeas.sealing.key_files import check_folder, create_key, destroy_file, make_folder, read_key

SECRET = bytes(range(32))


def test_a_key_is_private_from_the_first_byte(tmp_path):
    create_key(tmp_path / "a.key", SECRET)
    assert 0o600 == (tmp_path / "a.key").stat().st_mode & 0o777
    assert SECRET == read_key(tmp_path / "a.key", 32)
    assert ["a.key"] == os.listdir(tmp_path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o644, 0o660])
def test_a_key_others_may_read_is_refused(mode, tmp_path):
    create_key(tmp_path / "a.key", SECRET)
    (tmp_path / "a.key").chmod(mode)
    with pytest.raises(IntegrityError, match="others"):
        read_key(tmp_path / "a.key", 32)


@pytest.mark.parametrize("length", [0, 1, 31, 33, 4096])
def test_a_key_of_the_wrong_length_is_refused(length, tmp_path):
    create_key(tmp_path / "a.key", bytes(length))
    with pytest.raises(IntegrityError, match="length"):
        read_key(tmp_path / "a.key", 32)


def test_a_public_key_may_be_read_and_not_written_by_others(tmp_path):
    create_key(tmp_path / "a.pub", SECRET, public=True)
    assert 0o644 == (tmp_path / "a.pub").stat().st_mode & 0o777
    assert SECRET == read_key(tmp_path / "a.pub", 32, public=True)
    (tmp_path / "a.pub").chmod(0o666)
    with pytest.raises(IntegrityError, match="written"):
        read_key(tmp_path / "a.pub", 32, public=True)


def test_a_key_is_never_overwritten(tmp_path):
    create_key(tmp_path / "a.key", SECRET)
    with pytest.raises(IntegrityError):
        create_key(tmp_path / "a.key", bytes(32))
    assert SECRET == read_key(tmp_path / "a.key", 32)
    assert ["a.key"] == os.listdir(tmp_path)


def test_links_folders_and_nothing_are_no_keys(tmp_path):
    create_key(tmp_path / "a.key", SECRET)
    (tmp_path / "link").symlink_to("a.key")
    (tmp_path / "folder").mkdir(mode=0o700)
    os.mkfifo(tmp_path / "fifo", 0o600)
    for name in ("link", "nothing", "folder", "fifo"):
        with pytest.raises((KeyUnavailable, IntegrityError)):
            read_key(tmp_path / name, 32)


def test_destroying_overwrites_before_it_removes(tmp_path):
    create_key(tmp_path / "a.key", SECRET)
    os.link(tmp_path / "a.key", tmp_path / "witness")  # the same bytes on disk, seen after the name is gone
    destroy_file(tmp_path / "a.key")
    assert ["witness"] == os.listdir(tmp_path)
    left = (tmp_path / "witness").read_bytes()
    assert 32 == len(left)
    assert SECRET != left
    destroy_file(tmp_path / "a.key")  # again: nothing to do


def test_a_folder_others_may_look_into_is_refused(tmp_path):
    make_folder(tmp_path / "new" / "kms")
    assert 0o700 == (tmp_path / "new" / "kms").stat().st_mode & 0o777
    (tmp_path / "new" / "kms").chmod(0o750)
    for check in (make_folder, check_folder):
        with pytest.raises(IntegrityError):
            check(tmp_path / "new" / "kms")
    with pytest.raises(KeyUnavailable):
        check_folder(tmp_path / "nowhere")


def test_no_secret_stands_in_a_message(tmp_path):
    create_key(tmp_path / "a.key", b"\x41" * 33)
    with pytest.raises(IntegrityError) as caught:
        read_key(tmp_path / "a.key", 32)
    assert "AAAA" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)
