"""Drawn people: faces that belong to nobody, for a demo and for tests that run anywhere.

Everything follows from seeds; nothing here needs torch, Spark or Airflow. The same seed draws the same
pixels on the same OpenCV and numpy with one OpenCV thread (`cv2.setNumThreads(1)`).

People
    `Person.from_seed(seed)` is somebody, for ever. Take seeds from `seeds.PEOPLE_DEMO` in a demo and from
    `seeds.PEOPLE_TEST` in a test: the model pack has never seen these.
Generators
    `sample_rng(stream, kind, number)` gives one picture its own numpy generator, e.g.
    `sample_rng("demo", "portrait", 7)`.
Pictures (all BGR uint8 of shape (height, width, 3); sizes are (width, height) in pixels)
    `draw_portrait(person, rng, size=(360, 480), severity=MILD) -> Scene`
        one person, face about 45 % of the height.
    `draw_snapshot(person, rng, size, face) -> Scene`
        one person somewhere in a picture, face `face` pixels high, every nuisance at full strength.
    `draw_scene(placements, size, rng, background=, decoys=, light=, camera=) -> Scene`
        people at places: `Placement(person, x, y, size, nuisance)` puts the middle of a face about `size`
        pixels high at (x, y). `draw_nuisance(rng, MILD)` draws pose, expression, glasses and so on.
        Leave about 1.7 face heights between neighbours' middles if nobody is to be hidden.
    `draw_random_scene(rng, people, size) -> Scene`
        0 to 12 strangers from a range of seeds, with decoys.
    `Scene(image, faces)`; `FaceLabel(person_seed, box, landmarks, visible)`; `FaceLabel.size`.
    `encode_jpeg(image, quality) -> bytes`
Clips
    `write_clip(path, actors, duration_ms, fps, size, rng, gop=12, crf=23, cuts_ms=()) -> list[ClipFrame]`
        H.264 in mp4 through PyAV. `Actor.seated(person, x, y, size, from_ms, to_ms)` stays in one place,
        `Actor(person, path, from_ms, to_ms)` goes along `Waypoint(ms, x, y, size)`s; nobody is there before
        `from_ms` or from `to_ms` on. `cuts_ms` begin new shots (another background and light).
        `ClipFrame(ms, faces)` is the truth of a frame.
Nuisance
    `Nuisance(pose, light, expression, glasses, occlusion, clothes)` for one face; `Camera` and `Light` for a
    picture; `Severity` scales what is drawn at random (`FULL` is what the pack is measured on, `MILD` is an
    ordinary archive).

Training and export of the model pack live in `habeas.synthetic.training`, the only part that imports torch.
"""

from habeas.synthetic.archives.clips import Actor, ClipFrame, Waypoint, draw_clip_frames, write_clip
from habeas.synthetic.drawing.camera import encode_jpeg, through_jpeg
from habeas.synthetic.drawing.nuisance import (
    FULL,
    MILD,
    Camera,
    Expression,
    Glasses,
    Light,
    Nuisance,
    Occlusion,
    Pose,
    Severity,
    draw_camera,
    draw_light,
    draw_nuisance,
)
from habeas.synthetic.drawing.people import Person
from habeas.synthetic.drawing.scenes import (
    FaceLabel,
    Placement,
    Scene,
    draw_portrait,
    draw_random_scene,
    draw_scene,
    draw_snapshot,
)
from habeas.synthetic.seeds import sample_rng

__all__ = [
    "FULL",
    "MILD",
    "Actor",
    "Camera",
    "ClipFrame",
    "Expression",
    "FaceLabel",
    "Glasses",
    "Light",
    "Nuisance",
    "Occlusion",
    "Person",
    "Placement",
    "Pose",
    "Scene",
    "Severity",
    "Waypoint",
    "draw_camera",
    "draw_clip_frames",
    "draw_light",
    "draw_nuisance",
    "draw_portrait",
    "draw_random_scene",
    "draw_scene",
    "draw_snapshot",
    "encode_jpeg",
    "sample_rng",
    "through_jpeg",
    "write_clip",
]
