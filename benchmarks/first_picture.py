"""Seconds from `make lab` to lesson 01's first picture, on a warm cache: the parts, and their sum.

    python benchmarks/first_picture.py

The server is started as `make lab` does, until it hands out JupyterLab's page; then a kernel, and
the lesson's cells up to the first that shows a picture. What the browser itself takes is left out,
and so is the reader, who presses Shift-Enter. Processor seconds tell what is left of it on a
machine that does nothing else.
"""

import csv
import resource
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from statistics import median

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).resolve().parent
LESSON = HERE.parent / "notebooks" / "01_gan_basics.ipynb"


def server():
    """Seconds until JupyterLab's page is there."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    root = ["--allow-root"] if sys.platform == "linux" else []
    command = [sys.executable, "-m", "jupyterlab", LESSON, "--no-browser", f"--port={port}", *root]
    start = time.perf_counter()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([*command, "--IdentityProvider.token=bench"], **quiet)
    try:
        while process.poll() is None:
            try:
                page = f"http://127.0.0.1:{port}/lab?token=bench"
                urllib.request.urlopen(page, timeout=60).read()
                return time.perf_counter() - start
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.05)
        raise RuntimeError("the server ended before it answered")
    finally:
        process.terminate()
        process.wait()


def lesson():
    """Seconds until the kernel is ready, and until the first picture; number of that cell."""
    notebook = nbformat.read(LESSON, as_version=4)
    client = NotebookClient(notebook, resources={"metadata": {"path": str(LESSON.parent)}})
    start = time.perf_counter()
    with client.setup_kernel():
        ready = time.perf_counter() - start
        for i, cell in enumerate(notebook.cells):
            client.execute_cell(cell, i)
            if any("image/png" in output.get("data", {}) for output in cell.get("outputs", [])):
                return ready, time.perf_counter() - start - ready, i
    raise RuntimeError("no picture was shown")


def processor():
    """Processor seconds of all processes that were started here and have ended."""
    return sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


def main(repeats=3):
    rounds = []
    for _ in range(repeats + 1):  # the first warms the disk's cache
        marks = [processor()]
        kernel, cells, number = lesson()
        marks.append(processor())
        rounds.append((server(), kernel, cells, processor() - marks[0], marks[1] - marks[0]))
    *parts, whole, of_lesson = [median(part) for part in zip(*rounds[1:])]
    names = ["server", "kernel", f"cells up to c{number:03}"]
    path = HERE / "results" / "first_picture.csv"
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["part", "seconds"])
        spent = ("processor, all", whole), ("processor, kernel and cells", of_lesson)
        for row in [*zip(names, parts), ("sum", sum(parts)), *spent]:
            table.writerow([row[0], f"{row[1]:.2f}"])
            print(f"{row[0]:28} {row[1]:6.2f} s")


if __name__ == "__main__":
    main()
