"""How long `striate --help` takes.

python -m benchmarks.start
"""

import json
import subprocess
import sys
import time

from benchmarks import results
from benchmarks.child import surroundings
from benchmarks.table import spread

TIMES = 6


def main() -> None:
    seconds, command = [], [sys.executable, "-m", "striate", "--help"]
    for _ in range(1 + TIMES):  # the first fills the caches
        begin = time.perf_counter()
        subprocess.run(command, capture_output=True, check=True, env=surroundings())
        seconds.append(time.perf_counter() - begin)
    found = {"striate --help, seconds": spread(seconds[1:])}
    results.write(results.FOLDER, "start", found)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
