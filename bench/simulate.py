"""The numpy peer of simulate.bench.ts: the same beads, slices, OTFs and camera; one JSON line for each command on stdin.

Usage: simulate.py JOB.json OTFS.f32
Needs numpy and scipy (Debian: numpy 1.24, scipy 1.10). Superposition is tried in four ways, each in its best simple form, and
the fastest is used: a loop of products, einsum, a loop whose planes two threads share, and a 3-D transform.
"""
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import scipy
from scipy import fft

with open(sys.argv[1]) as f:
    job = json.load(f)
world, size = job["world"], job["size"]
pixel, step = job["pixelSize"], job["sliceStep"]
levels, planes = np.array(job["levels"]), np.array(job["planes"])
half = world // 2 + 1
# OTFs by |defocus|, [distance, v, u]; expanded to whole rows and to both signs once, as a bank would keep them.
quarter = np.fromfile(sys.argv[2], np.float32).reshape(-1, half, half)
rows = np.minimum(np.arange(world), world - np.arange(world))
bank = np.ascontiguousarray(quarter[:, rows])
farthest = len(bank) - 1
signed = np.concatenate([bank[:0:-1], bank])
pool = ThreadPoolExecutor(2)
camera = job["camera"]


def draw():
    slices = np.zeros((len(levels), world, world), np.float32)
    index = {level: i for i, level in enumerate(levels.tolist())}
    for x, y, z, radius, density in job["balls"]:
        samples = 6 if radius < 4 * pixel else 3
        first_x, last_x = int(np.ceil((x - radius) / pixel - 0.5)), int(np.floor((x + radius) / pixel + 0.5))
        first_y, last_y = int(np.ceil((y - radius) / pixel - 0.5)), int(np.floor((y + radius) / pixel + 0.5))
        offsets = (np.arange(samples) + 0.5) / samples - 0.5
        at_x = ((np.arange(first_x, last_x + 1)[:, None] + offsets) * pixel).ravel() - x
        at_y = ((np.arange(first_y, last_y + 1)[:, None] + offsets) * pixel).ravel() - y
        h = np.sqrt(np.maximum(0, radius**2 - at_x**2 - at_y[:, None] ** 2))
        place = np.ix_(np.arange(first_y, last_y + 1) % world, np.arange(first_x, last_x + 1) % world)
        low, high = int(np.ceil((z - radius) / step - 0.5)), int(np.floor((z + radius) / step + 0.5))
        for level in range(low, high + 1):
            bottom, top = (level - 0.5) * step, (level + 0.5) * step
            length = np.minimum(top, z + h) - np.maximum(bottom, z - h)
            np.maximum(length, 0, out=length)
            length[h == 0] = 0
            shape = (last_y - first_y + 1, samples, last_x - first_x + 1, samples)
            slices[index[level]][place] += density * length.reshape(shape).mean((1, 3))
    return slices


def transform(slices):
    return fft.rfft2(slices, workers=2)


def back(spectra):
    return fft.irfft2(spectra, (world, world), workers=2)[:, :size, :size]


def plane_of(plane, spectra, product):
    total = np.zeros((world, half), np.complex64)
    for s, level in enumerate(levels):
        np.multiply(spectra[s], bank[abs(level - plane)], out=product)
        total += product
    return total


def loop(spectra):
    product = np.empty((world, half), np.complex64)
    return back(np.stack([plane_of(plane, spectra, product) for plane in planes]))


def threads(spectra):
    return back(np.stack(list(pool.map(lambda p: plane_of(p, spectra, np.empty((world, half), np.complex64)), planes))))


def einsum(spectra):
    real, imag = np.ascontiguousarray(spectra.real), np.ascontiguousarray(spectra.imag)
    out = np.empty((len(planes), world, half), np.complex64)
    for p, plane in enumerate(planes):
        weights = signed[levels - plane + farthest]
        np.einsum("svu,svu->vu", weights, real, out=out[p].real)
        np.einsum("svu,svu->vu", weights, imag, out=out[p].imag)
    return back(out)


reach = int(max(levels.max(), planes.max()) - min(levels.min(), planes.min()) + 1)
depth = fft.next_fast_len(2 * reach)
wrapped = np.zeros((depth, world, half), np.float32)
for distance in range(-min(farthest, reach - 1), min(farthest, reach - 1) + 1):
    wrapped[-distance % depth] = bank[abs(distance)]
axial = fft.fft(wrapped, axis=0, workers=2)
del wrapped


def transform_3d(spectra):
    lowest = min(levels.min(), planes.min())
    volume = np.zeros((depth, world, half), np.complex64)
    volume[levels - lowest] = spectra
    volume = fft.fft(volume, axis=0, workers=2, overwrite_x=True)
    volume *= axial
    volume = fft.ifft(volume, axis=0, workers=2, overwrite_x=True)
    return back(volume[planes - lowest])


def expose(images, rng):
    intensity = np.maximum(images, 0)
    intensity *= 1 / intensity.max()
    electrons = rng.poisson(camera["background"] + camera["photons"] * intensity)
    noisy = electrons + camera["read_noise"] * rng.standard_normal(images.shape, np.float32)
    return intensity, np.clip(np.round(camera["offset"] + camera["gain"] * noisy), 0, 65535).astype(np.float32)


ways = {"loop": loop, "two threads": threads, "einsum": einsum, "3-D transform": transform_3d}


def main():
    spectra = transform(draw())
    tried = {}
    for name, way in ways.items():
        taken = []
        for _ in range(2):
            start = time.perf_counter()
            images = way(spectra)
            taken.append(time.perf_counter() - start)
        tried[name] = min(taken)
    best = min(tried, key=tried.get)
    images = ways[best](spectra)
    probe = images[:, :: max(1, size // 8), :: max(1, size // 8)].astype(float).ravel().tolist()
    versions = {"numpy": np.__version__, "scipy": scipy.__version__}
    print(json.dumps({"tried": tried, "best": best, "probe": probe, **versions}), flush=True)
    rng = np.random.default_rng(0)
    for _ in sys.stdin:
        times = [time.perf_counter()]
        slices = draw()
        times.append(time.perf_counter())
        spectra = transform(slices)
        times.append(time.perf_counter())
        images = ways[best](spectra)
        times.append(time.perf_counter())
        expose(images, rng)
        times.append(time.perf_counter())
        print(json.dumps([1e3 * (b - a) for a, b in zip(times, times[1:])]), flush=True)


main()
