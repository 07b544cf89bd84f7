# Reference numbers for libs/pipelines/src/image/resize.ts: Pillow's resize, and torchvision's Resize + CenterCrop rules on top of it.
# Run: python tools/reference/pillow_resize.py > libs/pipelines/src/image/fixtures/pillow-resize.json   (Pillow 13.0.0, numpy)
import base64
import json

import numpy as np
import PIL
from PIL import Image

rng = np.random.default_rng(11)


def text(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def picture(width, height):
    # noise over ramps with hard edges: overshoots at both ends of the byte range
    y, x = np.mgrid[0:height, 0:width]
    ramp = np.stack([x * 255 / max(1, width - 1), y * 255 / max(1, height - 1), ((x // 3 + y // 2) % 2) * 255], -1)
    return np.clip(ramp + rng.normal(0, 30, (height, width, 3)), 0, 255).astype(np.uint8)


def crop_centre(image, size):
    width, height = image.size
    w, h = (size, int(size * height / width)) if width <= height else (int(size * width / height), size)
    image = image.resize((w, h), Image.BICUBIC)
    left, top = int(round((w - size) / 2.0)), int(round((h - size) / 2.0))
    return image.crop((left, top, left + size, top + size))


cases = []
for (width, height), (to_width, to_height) in [((41, 52), (28, 35)), ((13, 17), (40, 29)), ((30, 20), (30, 7)), ((23, 23), (9, 23)), ((7, 5), (5, 7))]:
    for name, kind in [("bilinear", Image.BILINEAR), ("bicubic", Image.BICUBIC)]:
        source = picture(width, height)
        target = np.asarray(Image.fromarray(source).resize((to_width, to_height), kind))
        cases.append({"filter": name, "source": [width, height, text(source)], "target": [to_width, to_height, text(target)]})
crops = []
for (width, height), size in [((41, 52), 24), ((33, 20), 16), ((9, 14), 20), ((25, 19), 14)]:
    source = picture(width, height)
    crops.append({"size": size, "source": [width, height, text(source)], "target": text(np.asarray(crop_centre(Image.fromarray(source), size)))})
print(json.dumps({"pillow": PIL.__version__, "resize": cases, "crop": crops}))
