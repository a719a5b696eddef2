"""The peer of bench/deconvolution.bench.ts: scikit-image's Richardson-Lucy, told over stdin what to do.

Each line is a JSON object {"shape", "psf_shape", "iterations", "image", "psf", "output"}: files of raw float32; answered by the
seconds that the call took.
"""

import json
import sys
import time

import numpy as np
import skimage
from skimage.restoration import richardson_lucy

print(f"ready scikit-image {skimage.__version__}", flush=True)
for line in sys.stdin:
    job = json.loads(line)
    image = np.fromfile(job["image"], np.float32).reshape(job["shape"])
    psf = np.fromfile(job["psf"], np.float32).reshape(job["psf_shape"])
    # Both compute in float32.
    start = time.perf_counter()
    result = richardson_lucy(image, psf, job["iterations"], clip=False)
    seconds = time.perf_counter() - start
    result.astype(np.float32).tofile(job["output"])
    print(seconds, flush=True)
