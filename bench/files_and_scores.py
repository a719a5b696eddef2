"""The peer of files-and-scores.bench.ts: tifffile and scikit-image on the same files, one JSON line for each command on stdin.

Usage: files_and_scores.py FOLDER PLANES SIZE
Writes the files that both sides read into FOLDER, then answers `read NAME` and `ssim` with milliseconds of wall and of CPU
time and with a result that both sides must agree on. Needs numpy, scipy, tifffile and scikit-image.
"""
import json
import sys
import time
from pathlib import Path

import numpy as np
import skimage
import tifffile
from scipy.ndimage import gaussian_filter
from skimage.metrics import structural_similarity

folder, planes, size = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
random = np.random.default_rng(1)
scene = gaussian_filter(random.normal(size=(size, size)), 2)
scene = (scene - scene.min()) / np.ptp(scene)


def plane(z):
    """A plane of a stack through focus, counts with the noise of photons."""
    return random.poisson(100 + 1500 * gaussian_filter(scene, 0.1 + 0.2 * abs(z - planes / 2))).astype(np.uint16)


stack = np.stack([plane(z) for z in range(planes)])
common = {"photometric": "minisblack", "metadata": {"axes": "ZYX"}}
tifffile.imwrite(folder / "plain.tif", stack, **common)
tifffile.imwrite(folder / "strips.tif", stack, rowsperstrip=4, **common)
tifffile.imwrite(folder / "swapped.tif", stack, byteorder=">", **common)
tifffile.imwrite(folder / "deflate.tif", stack, compression="zlib", predictor=True, **common)
tifffile.imwrite(folder / "whole.tif", stack, compression="zlib", predictor=True, rowsperstrip=size, **common)
first, second = stack[planes // 2], stack[planes // 2 + 1]


def read(name):
    counts = tifffile.imread(folder / name).astype(np.float32)
    return lambda: float(counts[:, ::7, ::5].sum(dtype=np.float64))


def ssim():
    value = structural_similarity(
        first, second, data_range=65535, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    return lambda: float(value)


versions = {"tifffile": tifffile.__version__, "scikit-image": skimage.__version__, "numpy": np.__version__}
print(json.dumps(versions), flush=True)
for line in sys.stdin:
    name, *arguments = line.split()
    wall, cpu = time.perf_counter(), time.process_time()
    result = {"read": read, "ssim": ssim}[name](*arguments)
    times = {"wall": 1e3 * (time.perf_counter() - wall), "cpu": 1e3 * (time.process_time() - cpu)}
    print(json.dumps({**times, "result": result()}), flush=True)
