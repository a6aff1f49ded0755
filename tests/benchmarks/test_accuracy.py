"""Times to accuracy, by hand."""

import pytest

from benchmarks.accuracy import summary


def test_core_seconds_are_threads_times_seconds_scaled_by_the_peak():
    runs = [
        {"seconds_train": seconds, "threads": 2, "test": {"accuracy": accuracy}, "plan": "a plan"}
        for seconds, accuracy in ((10.0, 0.99), (20.0, 0.97), (30.0, 0.98))
    ]
    found = summary(runs, peak=131.0)
    assert found["core-seconds"] == {"median": 40.0, "min": 20.0, "max": 60.0}
    assert found["core-seconds at 262 GFLOP/s"] == {"median": 20.0, "min": 10.0, "max": 30.0}
    assert found["mean"] == pytest.approx(0.98) and found["worst"] == 0.97 and found["deviation"] == pytest.approx(0.01)
