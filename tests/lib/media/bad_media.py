"""Files that nobody should have to read: what an archive may hold by accident or by malice, and the word for each."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import media_files as make
import photo_files as photos
from PIL import Image, PngImagePlugin

Maker = Callable[[Path], object]


def _bytes(content: bytes) -> Maker:
    return lambda path: path.write_bytes(content)


def _cut(maker: Maker, keep: float) -> Maker:
    def cut(path: Path) -> None:
        maker(path)
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * keep)])

    return cut


def _damaged(maker: Maker) -> Maker:
    def damage(path: Path) -> None:
        maker(path)
        data = bytearray(path.read_bytes())
        data[300] ^= 1
        path.write_bytes(data)

    return damage


def _saved(mode: str, kind: str, size: tuple[int, int] = (64, 64)) -> Maker:
    return lambda path: Image.new(mode, size).save(path, kind)


def _gif(path: Path) -> None:
    Image.new("L", (64, 64)).save(path, "GIF")


def _text_bomb(path: Path) -> None:
    about = PngImagePlugin.PngInfo()
    about.add_text("x", "0" * 80_000_000, zip=True)
    Image.new("RGB", (64, 64)).save(path, "PNG", pnginfo=about)


def _gif_of_many(path: Path) -> None:
    frames = [Image.new("L", (8, 8), shade % 256) for shade in range(2000)]
    frames[0].save(path, "GIF", save_all=True, append_images=frames[1:])


def _avi() -> bytes:
    """As subtitles inside (GAB2) it names a playlist: FFmpeg has followed such (CVE-2017-9993)."""
    track = b"GAB2\0\2\0" + b"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1,\nfile:///etc/passwd\n"
    chunk = b"00tx" + struct.pack("<I", len(track)) + track
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"AVI " + chunk


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'
FILES: dict[str, tuple[str, Maker, str]] = {
    "zero bytes": ("a.jpg", _bytes(b""), "empty_file"),
    "truncated jpeg": ("a.jpg", _cut(make.jpeg, 0.6), "truncated"),
    "jpeg cut in its header": ("a.jpg", _cut(make.jpeg, 0.01), "truncated"),
    "truncated png": ("a.png", _cut(make.png, 0.6), "truncated"),
    "damaged png": ("a.png", _damaged(make.png), "broken_image"),
    "html called jpg": ("a.jpg", _bytes(b"<html>hello</html>"), "wrong_extension"),
    "html called tif": ("a.TIF", _bytes(b"<html>hello</html>"), "wrong_extension"),
    "html called heic": ("a.heic", _bytes(b"<html>hello</html>"), "wrong_extension"),
    "zip called mp4": ("a.mp4", _bytes(b"PK\x03\x04" + b"\0" * 60), "wrong_extension"),
    "gif called jpg": ("a.jpg", _gif, "wrong_extension"),
    "gif": ("a.gif", _gif, "unsupported_format"),
    "text": ("notes.txt", _bytes(b"call sheet"), "unsupported_format"),
    "heic of nothing": ("a.heic", _bytes(b"\0\0\0\x18ftypheic" + b"\0" * 40), "broken_image"),
    "text that begins like a box": ("notes.txt", _bytes(b"carefree days"), "unsupported_format"),
    "jpeg of 65,500 squared": ("a.jpg", make.jpeg_bomb, "over_limit"),
    "png of 65,500 squared": ("a.png", lambda p: make.png_of_size(p, 65500, 65500), "over_limit"),
    "png that claims 2^31": ("a.png", lambda p: make.png_of_size(p, 2**31 - 1, 9), "over_limit"),
    "png with a text bomb": ("a.png", _text_bomb, "broken_image"),
    "1x1 jpeg": ("a.jpg", _saved("RGB", "JPEG", (1, 1)), "too_small"),
    "1x1 png": ("a.png", _saved("RGB", "PNG", (1, 1)), "too_small"),
    "1x30000": ("a.png", _saved("RGB", "PNG", (1, 30000)), "too_small"),
    "mp4 without moov": ("a.mp4", lambda p: make.without_box(make.clip(p), b"moov"), "unreadable_container"),
    "mp4 cut in its frames": (
        "a.mp4", _cut(lambda p: make.clip(p, options={"movflags": "faststart"}), 0.7), "truncated",
    ),
    "ftyp and nothing": ("a.mp4", _bytes(b"\0\0\0\x10ftypisom\0\0\0\0"), "unreadable_container"),
    "absurd duration": (
        "a.mp4", lambda p: make.slowed(make.clip(p, options={"use_editlist": "0"}), 8_000), "over_limit",
    ),
    "not h264": ("a.mp4", lambda p: make.clip(p, codec="mpeg4"), "unsupported_codec"),
    "encrypted": (
        "a.mp4",
        lambda p: make.clip(
            p,
            options={
                "encryption_scheme": "cenc-aes-ctr",
                "encryption_key": "76a6c65c5ea762046bd749a2e632ccbb",
                "encryption_kid": "a7e61c373e219033c21091fa607bf3b8",
            },
        ),
        "unsupported_codec",
    ),
    "m3u8 called mp4": ("a.mp4", _bytes(b"#EXTM3U\nfile:///etc/passwd\n"), "playlist"),
    "m3u8 with BOM": ("a.m3u8", _bytes(b"\xef\xbb\xbf#EXTM3U\nhttp://127.0.0.1/x\n"), "playlist"),
    "concat list": ("a.mp4", _bytes(b"ffconcat version 1.0\nfile /etc/passwd\n"), "playlist"),
    "eps called jpg": ("a.jpg", _bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n(/etc/passwd) run\n"), "wrong_extension"),
    "eps": ("a.eps", _bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n(/etc/passwd) run\n"), "unsupported_format"),
    "fits": ("a.fits", _bytes(b"SIMPLE  =                    T".ljust(2880)), "unsupported_format"),
    "svg that names a file": ("a.svg", _bytes(SVG), "unsupported_format"),
    "svg behind an xml head": ("a.svg", _bytes(b'<?xml version="1.0"?>' + SVG), "unsupported_format"),
    "svg called png": ("a.png", _bytes(b'<?xml version="1.0"?>' + SVG), "wrong_extension"),
    "psd": ("a.psd", _bytes(b"8BPS\0\1" + b"\0" * 6 + struct.pack(">HIIHH", 3, 30_000, 30_000, 8, 3)),
            "unsupported_format"),
    "gif of many frames": ("a.gif", _gif_of_many, "unsupported_format"),
    "avi with subtitles of its own": ("a.avi", _bytes(_avi()), "unsupported_format"),
    "avi called mp4": ("a.mp4", _bytes(_avi()), "wrong_extension"),
    "dash": ("a.mp4", _bytes(b'<?xml version="1.0"?><MPD><BaseURL>file:///etc/passwd</BaseURL></MPD>'), "playlist"),
    "pls": ("a.mp4", _bytes(b"[playlist]\nFile1=http://127.0.0.1/x\n"), "playlist"),
    "bare concat list": ("a.txt", _bytes(b"file '/etc/passwd'\n"), "playlist"),
}  # fmt: skip


def _bomb(name: bytes) -> Maker:
    packed = zlib.compress(b"0" * 40_000_000)
    return lambda path: photos.with_chunk(make.png(path), name, b"x\0\0" + packed)


def _thick_jpeg(path: Path) -> None:
    data = make.jpeg(path).read_bytes()
    segment = b"\xff\xe1" + struct.pack(">H", 65535) + b"Exif\0\0" + b"\0" * 65527
    path.write_bytes(data[:2] + segment * 300 + data[2:])


def _many_scans(path: Path) -> None:
    Image.fromarray(make.picture()[:, :, ::-1]).save(path, "JPEG", progressive=True)
    data = path.read_bytes()
    at = data.rindex(b"\xff\xda")
    path.write_bytes(data[:-2] + data[at:-2] * 200 + data[-2:])


def heic(major: bytes, *others: bytes) -> Maker:
    brands = major + b"\0" * 4 + b"".join(others)
    return lambda path: path.write_bytes(struct.pack(">I", 8 + len(brands)) + b"ftyp" + brands + b"\0" * 40)


def _stray_frame(path: Path) -> None:
    make.png(path)
    photos.with_chunk(path, b"fcTL", struct.pack(">5IHHBB", 0, 40, 40, 0, 0, 1, 1, 0, 0))


def _png_without_pixels(path: Path) -> None:
    data = make.png(path).read_bytes()
    path.write_bytes(data[:33] + data[-12:])


PHOTOS: dict[str, tuple[Maker, str]] = {
    "png whose profile is a bomb": (_bomb(b"iCCP"), "broken_image"),
    "png whose text is a bomb": (_bomb(b"zTXt"), "broken_image"),
    "png with a part of an animation": (_stray_frame, "broken_image"),
    "png without pixels": (_png_without_pixels, "broken_image"),
    "png with too much besides": (
        lambda p: photos.with_chunk(make.png(p), b"prVt", b"\0" * (65 << 20)), "over_limit",
    ),
    "jpeg with too much exif": (_thick_jpeg, "over_limit"),
    "jpeg of 200 scans": (_many_scans, "over_limit"),
    "webp of 16,000 squared": (lambda p: photos.webp_of_size(p, 16000, 16000), "over_limit"),
    "webp with a chunk over its end": (
        lambda p: p.write_bytes(b"RIFF\x1c\0\0\0WEBPVP8 \xff\0\0\0" + b"\0" * 16), "truncated",
    ),
    "webp canvas without its picture": (lambda p: p.write_bytes(b"RIFF\x04\0\0\0WEBP"), "broken_image"),
    "wave": (lambda p: p.write_bytes(b"RIFF\x24\0\0\0WAVEfmt " + b"\0" * 40), "wrong_extension"),
    "avif of 65,500 squared": (lambda p: photos.avif_of_size(p, 65500, 65500), "over_limit"),
    "avif without a header": (heic(b"avif", b"mif1"), "broken_image"),
    "heic without a header": (heic(b"heic", b"mif1", b"heic"), "broken_image"),
    "heic by its other brands without a header": (heic(b"mif1", b"heic"), "broken_image"),
    "heic burst": (heic(b"msf1", b"hevc"), "unsupported_codec"),
    "heic burst with a still brand": (heic(b"hevc", b"heic"), "unsupported_codec"),
    "heic of 65,500 squared": (lambda p: photos.heic_of_size(p, 65500, 65500), "over_limit"),
}  # fmt: skip
