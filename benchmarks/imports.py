"""What `import gankit` costs beside its dependencies: seconds in fresh processes, medians.

    python benchmarks/imports.py
"""

import csv
import subprocess
import sys
from pathlib import Path
from statistics import median

# What is timed, and what has been imported before.
STATEMENTS = {"import gankit": "", "import keras": "", "import gankit.gans": "import keras"}
TIMED = """
import time
{}
wall, processor = time.perf_counter(), time.process_time()
{}
print(time.perf_counter() - wall, time.process_time() - processor)
"""


def seconds(statement):
    """Wall and processor seconds of one statement, in a new process."""
    command = [sys.executable, "-c", TIMED.format(STATEMENTS[statement], statement)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [float(word) for word in done.stdout.split()]


def main(repeats=5):
    taken = {statement: [] for statement in STATEMENTS}
    for _ in range(repeats + 1):  # in turn; the first round warms the disk's cache
        for statement in STATEMENTS:
            taken[statement].append(seconds(statement))
    path = Path(__file__).parent / "results" / "imports.csv"
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["statement", "after", "wall_s", "processor_s", "lowest_processor_s"])
        for statement, rounds in taken.items():
            wall, processor = zip(*rounds[1:])
            row = [f"{x:.4f}" for x in (median(wall), median(processor), min(processor))]
            table.writerow([statement, STATEMENTS[statement], *row])
            print(f"{statement:20}", *row)


if __name__ == "__main__":
    main()
