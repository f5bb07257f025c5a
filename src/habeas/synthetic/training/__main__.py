"""Placeholder while the first shards are drawn."""

import sys
from pathlib import Path

import cv2

from habeas.synthetic.training import shards

cv2.setNumThreads(1)
folder = Path(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)
if sys.argv[1] == "scenes":
    for shard in range(8):
        shards.draw_scenes(folder, 320, shard)
        if shard == 2:
            shards.draw_scenes(folder, 640, 0)
else:
    for shard in range(8):
        shards.draw_crops(folder, shard)
