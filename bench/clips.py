"""What clips cost: keyframes against every frame, embeddings against detections, memory as clips get longer, and an
archive of one long clip beside thousands of thumbnails.

Draws clips of three seated people and one who walks, 25 frames a second, a keyframe every 50. Everything is run by the
code of the nightly job. Writes bench/results/clips.json after each part.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import kept
import page
from drawn import AS_DRAWN, PROJECT, SEED, Archive
from others import Others
from page import Row
from rich.console import Console

from habeas.faces.binding.bind import bind, window_ends
from habeas.faces.binding.bindable_lines import BindableLines
from habeas.faces.detection import insightface_models as insightface_pack
from habeas.faces.detection.insightface_models import LoadedPack
from habeas.faces.model_packs.registry import read
from habeas.faces.tracking.track_clip import follow
from habeas.faces.tracking.tracker import Tracker
from habeas.faces.values import Detection
from habeas.media.clips import decode as pyav_clip
from habeas.media.sandbox.client import Decoder
from habeas.media.values import Frames, Image, after
from habeas.model.installation.limits import BindingRules, FaceRules, MediaLimits, Sampling
from habeas.model.lines import Line
from habeas.synthetic import Person, draw_portrait, sample_rng
from habeas.synthetic.archives.archive_people import STUDIO, residents
from habeas.synthetic.archives.archive_plan import ROSTER_COLUMNS, Size
from habeas.synthetic.archives.clips import Actor, Waypoint, write_clip
from habeas.synthetic.seeds import PEOPLE_TEST

RESULT = PROJECT / "bench" / "results" / "clips.json"
PACK = PROJECT / "models" / "synthetic"
SECONDS, FPS, GOP, SIZE = 24, 25, 50, (1280, 720)
KEYFRAMES = Sampling("keyframes", max_gap_ms=2000)  # as far apart as these clips have them


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--clips", type=int, default=75, help="how many of 24 seconds are drawn (default: 75)"
    )
    parser.add_argument(
        "--thumbnails", type=int, default=5000, help="beside a clip of an hour (default: 5000)"
    )
    parser.add_argument("--minutes", type=int, default=60, help="of the long clip (default: 60)")
    parser.add_argument(
        "--go-on", action="store_true", help="keep what the same code measured here before, clip by clip"
    )
    parser.add_argument("--folder", type=Path, help="where scratch files go; default: the system's")
    parser.add_argument("--peak", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    asked = parser.parse_args()
    if asked.peak:
        print(peak(asked.peak))
        os._exit(0)
    with tempfile.TemporaryDirectory(prefix="habeas-bench-", dir=asked.folder) as folder:
        result = measure(Path(folder), asked.clips, asked.thumbnails, asked.minutes, asked.go_on)
    print(json.dumps(result)) if asked.json else show(result)
    return 0


def measure(folder: Path, clips: int, thumbnails: int, minutes: int, go_on: bool) -> dict[str, Any]:
    say = Console(stderr=True).print
    about = {"clips": clips, "seconds": SECONDS, "fps": FPS, "gop": GOP, "size": SIZE, "thumbnails": thumbnails,
             "minutes": minutes}  # fmt: skip
    result = kept.begun(RESULT, about, ("av", "insightface", "onnxruntime", "pyspark"), go_on=go_on)
    parts, clip = result["parts"], folder / "clip.mp4"
    models = insightface_pack.load(read(PACK), PACK)
    done = parts.setdefault("clips", [])
    for number in range(len(done), clips):
        say(f"clip {number + 1} of {clips}")
        with Others() as others:
            found = one_clip(models, clip, drawn(clip, number), backwards=number % 2 == 1)
        done.append(found | others.told())
        save(result)
    drawn(clip, 0)
    if "memory" not in parts:
        say("a clip ten times as long")
        repeated(clip, folder / "long.mp4", 10)
        peaks = {name: peaked(place) for name, place in (("once", clip), ("ten_times", folder / "long.mp4"))}
        parts["memory"] = peaks | {"ratio": round(peaks["ten_times"] / peaks["once"], 3)}
        save(result)
    if "skew" not in parts:
        say(f"{thumbnails} thumbnails beside a clip of {minutes} minutes")
        parts["skew"] = skewed(folder, clip, thumbnails, minutes)
        save(result)
    return result


def one_clip(models: LoadedPack, place: Path, lines: list[Line], *, backwards: bool) -> dict[str, Any]:
    """CPU seconds of decoding, and people bound, of one clip.

    `backwards`: the dearest way first, so that a machine that grows slower doesn't for one way alone.
    """
    every_frame, some = Sampling("per_second", 1000, FPS), Sampling("per_second", 1000, 5.0)
    cpu: dict[str, float] = {}
    people: dict[str, int] = {}

    def alone() -> None:
        cpu["keyframes"] = decoding(place, KEYFRAMES)

    def every() -> None:
        cpu["every_frame"] = decoding(place, None)

    def closer() -> None:
        people["bound"], _, _, cpu["closer"] = followed(models, place, lines, KEYFRAMES)

    def whole() -> None:
        people["bound_of_every_frame"] = followed(models, place, lines, every_frame)[0]

    def embedded() -> None:
        _, people["detections"], people["embedded"], _ = followed(models, place, lines, some)

    ways = (alone, closer, every, whole, embedded)
    for way in reversed(ways) if backwards else ways:
        way()
    return {"cpu": {kind: round(seconds, 3) for kind, seconds in cpu.items()}, **people}


def summary(clips: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Of all clips: how many times cheaper keyframes decode, share of people bound, faces embedded a detection."""

    def total(*path: str) -> float:
        values: list[Any] = list(clips)
        for name in path:
            values = [value[name] for value in values]
        return float(sum(values))

    every = total("cpu", "every_frame")
    return {
        "decode": round(every / total("cpu", "closer"), 2),
        "decode_alone": round(every / total("cpu", "keyframes"), 2),
        "share_bound": round(total("bound") / max(1, total("bound_of_every_frame")), 4),
        "share_of_listed": round(total("bound") / (len(seats()) * len(clips)), 4),
        "embedded_a_detection": round(total("embedded") / max(1, total("detections")), 4),
    }


def drawn(place: Path, number: int) -> list[Line]:
    """Three who sit, each in a third of the picture, and one who walks in front for four seconds; a line for each of
    the three.
    """
    rng = sample_rng("test", "scene", 700_000 + number)
    end, (width, height) = SECONDS * 1000, SIZE
    seeds = [int(rng.integers(PEOPLE_TEST.start, PEOPLE_TEST.stop)) for _ in range(4)]
    actors = [
        Actor.seated(
            Person.from_seed(seeds[i]), width * (i + 0.5) / 3, height * 0.4, 110.0, i * 3000, end - i * 2000
        )
        for i in range(3)
    ]
    walk = (Waypoint(6000, 0, height * 0.78, 90.0), Waypoint(10_000, width, height * 0.78, 90.0))
    actors.append(Actor(Person.from_seed(seeds[3]), walk, 6000, 10_000))
    write_clip(place, actors, end, FPS, SIZE, rng, gop=GOP)
    return seats()


def seats() -> list[Line]:
    return [
        Line(f"l{i}", f"s{i}", None, None, (i / 3, 0.0, (i + 1) / 3, 0.62), None, False) for i in range(3)
    ]


def decoding(place: Path, sampling: Sampling | None) -> float:
    """CPU seconds to have its keyframes as pictures, or every frame."""
    before = _spent()
    if sampling is None:
        with av.open(str(place)) as clip:
            clip.streams.video[0].thread_count = 1
            for frame in clip.decode(video=0):
                frame.to_ndarray(format="bgr24")
    else:
        with place.open("rb") as file:
            for _ in pyav_clip.frames(file.fileno(), sampling, MediaLimits()):
                pass
    return _spent() - before


def followed(
    models: LoadedPack, place: Path, lines: Sequence[Line], sampling: Sampling
) -> tuple[int, int, int, float]:
    """How many lines are bound, faces detected, pictures of faces that would be embedded, and CPU seconds decoding."""
    rules, detections, spent = FaceRules(), 0, 0.0

    def timed(frames: Frames) -> Frames:
        nonlocal spent
        closer, frame = False, None
        while True:
            before = _spent()
            frame = next(frames, None) if frame is None else after(frames, closer=closer)
            spent += _spent() - before
            if frame is None:
                return
            closer = bool((yield frame))

    def detect(image: Image) -> Sequence[Detection]:
        nonlocal detections
        found = models.detect(image)
        detections += sum(one.score >= models.threshold for one in found)
        return found

    hopes = BindableLines(lines, photo=False)
    ends = window_ends(lines)
    tracker = Tracker(rules, models.threshold, ends, sampling.max_gap_ms, hopes.wanted, hopes.ended)
    with place.open("rb") as file:
        follow(timed(pyav_clip.frames(file.fileno(), sampling, MediaLimits())), detect, tracker)
    binding = bind(lines, tracker.finish(), False, BindingRules())
    embedded = sum(min(rules.frames_per_track, len(track.sightings)) for _, track in binding.bound)
    return len(binding.bound), detections, embedded, spent


def repeated(place: Path, longer: Path, times: int) -> None:
    """The same packets again and again: nothing is encoded anew."""
    with av.open(str(longer), "w") as out:
        stream: Any = None
        for turn in range(times):
            with av.open(str(place)) as clip:
                video = clip.streams.video[0]
                stream = stream or out.add_stream_from_template(video)
                base = Fraction(video.time_base or 1)
                for packet in clip.demux(video):
                    if packet.dts is None:
                        continue
                    shift = int(turn * SECONDS / base)
                    packet.pts, packet.dts, packet.stream = (
                        (packet.pts or 0) + shift,
                        packet.dts + shift,
                        stream,
                    )
                    out.mux(packet)


def peaked(place: Path) -> int:
    words = [sys.executable, __file__, "--peak", str(place)]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    return int(done.stdout.split()[-1])


def peak(place: Path) -> int:
    """Highest resident memory of a worker and its decoder, kB, over one clip."""
    models = insightface_pack.load(read(PACK), PACK)
    hopes, gap_ms = BindableLines(seats(), photo=False), KEYFRAMES.max_gap_ms
    tracker = Tracker(
        FaceRules(), models.threshold, max_gap_ms=gap_ms, wanted=hopes.wanted, ended=hopes.ended
    )
    with Decoder(MediaLimits()) as decoder, place.open("rb") as file:
        follow(decoder.frames(file.fileno(), "clip", KEYFRAMES), models.detect, tracker)
        tracker.finish()
        # not ru_maxrss: a process begins with that of the one that started it
        both = [Path(f"/proc/{who}/status").read_text() for who in ("self", decoder.process_id)]
    return sum(int(status.partition("VmHWM:")[2].split()[0]) for status in both)


def skewed(folder: Path, clip: Path, thumbnails: int, minutes: int) -> dict[str, Any]:
    """How busy the cores are while one long clip and many small photos are embedded."""
    cores = os.cpu_count() or 1

    def fill(archive: Path, lists: Path) -> None:
        people = residents(50, SEED)
        studio = archive / STUDIO / "thumbnails"
        studio.mkdir(parents=True)
        rows: list[dict[str, str]] = []
        about = {
            "source": STUDIO,
            "attested_by": "front desk",
            "attested_at": f"{AS_DRAWN:%Y-%m-%d}T00:00:00Z",
        }
        faces = [draw_portrait(Person.from_seed(p.seed), sample_rng("test", "scene", n), (144, 192)).image
                 for n, p in enumerate(people)]  # fmt: skip
        for number in range(thumbnails):
            jpeg = cv2.imencode(".jpg", faces[number % 50])[1].tobytes()
            # What follows a JPEG's end is let be, and makes it another file.
            (studio / f"{number}.jpg").write_bytes(jpeg + number.to_bytes(4, "big"))
            rows.append(about | {"file": f"thumbnails/{number}.jpg", "subject": people[number % 50].badge})
        repeated(clip, studio / "long.mp4", minutes * 60 // SECONDS)
        rows.append(about | {"file": "thumbnails/long.mp4", "subject": people[0].badge, "x0": "0", "y0": "0",
                             "x1": "0.3333", "y1": "0.62"})  # fmt: skip
        with (lists / "rosters.csv").open("w") as file:
            writer = csv.DictWriter(file, ROSTER_COLUMNS, restval="")
            writer.writeheader()
            writer.writerows(rows)

    size = Size(people=50, portraits=5, groups=1, street=1, unregistered=1, clips=1, clip_ms=1_000, fps=5)
    archive = Archive(folder / "skew", size, cores, fill)
    archive.embed(cores)  # the JVM gets warm
    with Others() as others:
        run = archive.embed(cores)
    busy = round(run["cpu"] / (cores * run["wall"]), 3)
    return {**run, **others.told(), "busy": busy, "assets": run["counts"]["assets_done"]}


def _spent() -> float:
    spent = resource.getrusage(resource.RUSAGE_SELF)
    return spent.ru_utime + spent.ru_stime


def save(result: dict[str, Any]) -> None:
    parts = result["parts"]
    result["summary"] = summary(parts["clips"])
    result["rows"] = rows_of(parts, result["summary"])
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n")


def rows_of(parts: dict[str, Any], told: dict[str, float]) -> list[Row]:
    """Each goal whose part was measured."""
    rows = [
        Row("keyframes, and more where in doubt: decoded so many times cheaper", told["decode"], 6.0, True),
        Row("people bound by keyframes, of those by every frame", told["share_bound"], 0.95, True),
        Row("faces embedded a face detected, five frames a second", told["embedded_a_detection"], 0.2, False),
    ]
    if "memory" in parts:
        rows.append(Row("memory for a clip ten times as long", parts["memory"]["ratio"], 1.15, False))
    if "skew" in parts:
        rows.append(Row("cores busy, a long clip beside thumbnails", parts["skew"]["busy"], 0.9, True))
    return rows


def show(result: dict[str, Any]) -> None:
    title = f"{result['drawn']['clips']} clips of {SECONDS} s, {result['machine']['cores']} cores"
    page.show(title, (Row(*row) for row in result["rows"]))


if __name__ == "__main__":
    sys.exit(main())
