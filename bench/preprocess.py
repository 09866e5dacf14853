#!/usr/bin/env python3
"""Measures decoding and preparing pictures beside Pillow, both on one core, and writes the results with the machine.

    bench/preprocess.py [--rounds 15] [--out FILE.json]     # in a Python with pillow 11.1.0 and numpy

Pictures are made from examples/photo.jpg: JPEGs of several sizes, a PNG, a palette. Wick's pixels are compared with Pillow's
before any time is looked at. A round measures both, one after the other, the first one changing; what counts is the
median of the rounds' ratios, Wick's time by Pillow's. Pillow's side is open, resize, crop, convert, and ToTensor and Normalize as
numpy does them. Use it on a machine that does nothing else.
"""
import argparse
import datetime
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy
import PIL
from PIL import Image

import compare

MEAN = numpy.float32([0.48145466, 0.4578275, 0.40821073])
DEVIATION = numpy.float32([0.26862954, 0.26130258, 0.27577711])
# About this long is measured at a time.
SECONDS = 0.4


def pictures(folder):
    photo = Image.open(compare.ROOT / "examples" / "photo.jpg").convert("RGB")
    for name, size, options in (("small.jpg", (320, 240), {"quality": 85}), ("medium.jpg", (640, 480), {"quality": 85}),
                                ("large.jpg", (2048, 1536), {"quality": 85}), ("photo.png", (500, 375), {})):
        photo.resize(size, Image.LANCZOS).save(folder / name, **options)
        yield folder / name
    photo.resize((500, 375), Image.LANCZOS).quantize(128).save(folder / "palette.png")
    yield folder / "palette.png"


def resized(image, shorter, how):
    width, height = image.size
    size = (shorter, int(shorter * height / width)) if width <= height else (int(shorter * width / height), shorter)
    return image if size == image.size else image.resize(size, how)


def pixels(file, recipe):
    image = Image.open(file)
    image = resized(image, 224, Image.BICUBIC) if recipe == "clip" else resized(image.convert("RGB"), 256, Image.BILINEAR)
    left, top = int(round((image.width - 224) / 2.0)), int(round((image.height - 224) / 2.0))
    return numpy.asarray(image.crop((left, top, left + 224, top + 224)).convert("RGB"))


def prepared(file, recipe):
    image = pixels(file, recipe).transpose(2, 0, 1).astype(numpy.float32, order="C")
    image /= 255
    image -= MEAN[:, None, None]
    image /= DEVIATION[:, None, None]
    return image


class Wick:
    def __init__(self, no_build):
        java = compare.find_java()
        if not no_build:
            compare.run(["mvn", "-q", "-B", "-pl", "bench", "-am", "-DskipTests", "test-compile"], cwd=compare.ROOT,
                        env=dict(os.environ, JAVA_HOME=str(java)))
        listed = compare.BENCH / "target" / "classpath.txt"
        path = [compare.BENCH / "target" / "classes", compare.ROOT / "java" / "vision" / "target" / "classes"]
        self.process = subprocess.Popen([java / "bin" / "java", "-XX:+UseSerialGC", "-cp",
                                         ":".join(map(str, path)) + ":" + listed.read_text().strip(),
                                         "dev.wick.bench.PreprocessRound"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, recipe, repetitions, file):
        self.process.stdin.write(f"{recipe} {repetitions} {file}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise compare.Problem("Wick's process ended: its error stands above")
        return int(answer) / 1e9


def pillow(recipe, repetitions, file):
    start = time.perf_counter()
    for _ in range(repetitions):
        prepared(file, recipe)
    return (time.perf_counter() - start) / repetitions


def measure(wick, file, recipe, rounds):
    wick.ask(recipe, 0, file)
    theirs = pixels(file, recipe).astype(int)
    ours = numpy.frombuffer(Path(f"{file}.wick").read_bytes(), dtype=numpy.uint8).reshape(theirs.shape).astype(int)
    difference = int(abs(ours - theirs).max())
    if difference > 1:
        raise compare.Problem(f"{file.name}, {recipe}: pixels differ by {difference}")
    repetitions = max(1, round(SECONDS / pillow(recipe, 3, file)))
    # Until the compiler is done.
    for _ in range(4):
        wick.ask(recipe, repetitions, file)
    samples = []
    for number in range(rounds):
        both = {}
        for side in ("wick", "pillow") if number % 2 == 0 else ("pillow", "wick"):
            both[side] = wick.ask(recipe, repetitions, file) if side == "wick" else pillow(recipe, repetitions, file)
        samples.append(both)
    ratios = sorted(each["wick"] / each["pillow"] for each in samples)
    ratio = statistics.median(ratios)
    print(f"| {file.name} | {recipe} | {difference} | {ratio:.2f} | {ratios[0]:.2f} to {ratios[-1]:.2f} |", flush=True)
    return {"file": file.name, "recipe": recipe, "largest_difference": difference, "ratio": ratio, "repetitions": repetitions,
            "seconds": samples}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--no-build", action="store_true")
    arguments = parser.parse_args()
    wick = Wick(arguments.no_build)
    print("| picture | recipe | largest difference | Wick by Pillow | of rounds |\n|---|---|---:|---:|---:|", flush=True)
    try:
        with tempfile.TemporaryDirectory() as folder:
            results = [measure(wick, file, recipe, arguments.rounds)
                       for file in pictures(Path(folder)) for recipe in ("clip", "imagenet")]
    finally:
        wick.process.stdin.close()
        wick.process.wait()
    cpu = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), "unknown")
    if arguments.out:
        arguments.out.write_text(json.dumps({
            "date": datetime.date.today().isoformat(), "machine": {"cpu": cpu, "cores": os.cpu_count()},
            "pillow": PIL.__version__, "numpy": numpy.__version__, "results": results}, indent=1) + "\n")


if __name__ == "__main__":
    try:
        main()
    except compare.Problem as problem:
        sys.exit(f"preprocess.py: {problem}")
