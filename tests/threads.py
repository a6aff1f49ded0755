"""Threads that stand for the processes, or the shards, of one computation."""

import threading


def side_by_side(count, work, barrier):
    """What `work(rank)` gives in each of so many threads, which meet at `barrier`; the first error, if there was one."""
    results, errors = [None] * count, []

    def run(rank):
        try:
            results[rank] = work(rank)
        except BaseException as error:  # noqa: BLE001  (told below)
            errors.append(error)
            barrier.abort()

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise next((error for error in errors if not isinstance(error, threading.BrokenBarrierError)), errors[0])
    return results
