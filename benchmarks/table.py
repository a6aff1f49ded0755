"""Ratios and the Markdown table of what `benchmarks.speed` measured.

python -m benchmarks.table benchmarks/results/speed-2-cores.json
"""

import argparse
import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Run = dict[str, Any] | None


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median and range.

    >>> spread([3, 1, 2])
    {'median': 2, 'min': 1, 'max': 3}
    """
    return {"median": round(statistics.median(values), 3), "min": round(min(values), 3), "max": round(max(values), 3)}


def ratios(ours: Sequence[Run], theirs: Sequence[Run]) -> list[float]:
    """Of each round in which both ran: how many times as many images a second are ours."""
    return [
        one["images_per_second"] / other["images_per_second"]
        for one, other in zip(ours, theirs, strict=False)
        if one is not None and other is not None
    ]


def summary(found: dict[str, Any]) -> list[dict[str, Any]]:
    """One row for each network, number of cores and peer: medians over the rounds, and striate's ratio to the peer."""
    ours = {(each["network"], each["cores"]): each["runs"] for each in found["series"] if each["peer"] == "striate"}
    rows = []
    for each in found["series"]:
        row = {key: each[key] for key in ("network", "cores", "peer", "problem")}
        runs = [run for run in each["runs"] if run is not None]
        if runs:
            speed = statistics.median(run["images_per_second"] for run in runs)
            flops = speed * found["facts"]["flop"][each["network"]] / 1e9
            peaks = found["peaks"].get(str(each["cores"]), found["peaks"].get(each["cores"], {}))
            row |= {
                "rounds": len(runs),
                "images/s": round(speed, 1),
                "GFLOP/s": round(flops, 1),
                "share of peak": round(flops / max(peaks.values()), 3) if peaks else None,
                "start, s": round(statistics.median(run["start"] for run in runs), 2),
                "MB": round(statistics.median(run["MB"] for run in runs)),
                "note": runs[-1].get("note", ""),
            }
            both = ratios(ours.get((each["network"], each["cores"]), []), each["runs"])
            row["ratio"] = spread(both) if both else None
        rows.append(row)
    return rows


def markdown(found: dict[str, Any]) -> str:
    """The rows as tables, one for each number of cores and network, under the name of the machine."""
    facts = found["facts"]
    machine = facts["machine"]
    card = f"{facts['device']}; " if found.get("on_card") else ""
    head = (
        f"{card}{machine['cpu']}, {facts['cores']} cores, {machine['capability']}, {machine['memory'] / 2**30:.0f} GiB; "
        f"torch {machine['torch']}, Python {machine['python']}, striate {facts['striate']}; {facts['when']}. "
        f"Batch 128, {facts['rounds']} rounds in turn. Beside each peer: how many times its images per second "
        "striate trains, the median of the rounds' ratios and their range."
    )
    lines = [head]
    if found["interrupted"]:
        lines += ["", "**Interrupted: what had been measured by then.**"]
    rows = summary(found)
    measured = [row for row in rows if "images/s" in row]
    for cores, network in dict.fromkeys((row["cores"], row["network"]) for row in measured):
        peak = found["peaks"].get(str(cores), found["peaks"].get(cores, {}))
        bound = "; ".join(f"{precision} {value:.0f}" for precision, value in peak.items())
        title = f"{network}, {cores} core{'s' if cores > 1 else ''}"
        lines += ["", f"### {title}", ""]
        lines += [f"{facts['flop'][network] / 1e6:.3g} MFLOP an image; fastest convolution, GFLOP/s: {bound}.", ""]
        lines += ["| | striate is | images/s | GFLOP/s | of peak | start, s | MB |", "| --- |" + " ---: |" * 6]
        mine = [row for row in measured if (row["cores"], row["network"]) == (cores, network)]
        for row in sorted(mine, key=lambda row: -row["images/s"]):
            share = "" if row["share of peak"] is None else f"{100 * row['share of peak']:.1f} %"
            lines.append(
                f"| {row['peer']} | {_times(row)} | {row['images/s']:,.0f} | {row['GFLOP/s']:,.1f} | {share} "
                f"| {row['start, s']:.1f} | {row['MB']:,} |"
            )
    problems = [
        f"{row['peer']}, {row['network']}, {row['cores']} cores: {row['problem']}" for row in rows if row["problem"]
    ]
    if problems:
        lines += ["", "Failed: " + "; ".join(problems) + "."]
    if found["left_out"]:
        lines += ["", f"Not installed: {', '.join(found['left_out'])}."]
    return "\n".join(lines) + "\n"


def _times(row: dict[str, Any]) -> str:
    ratio = row["ratio"]
    if row["peer"] == "striate" or ratio is None:
        return ""
    return f"{ratio['median']:.2f}× ({ratio['min']:.2f} to {ratio['max']:.2f})"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("measured", type=Path, help="a file of benchmarks/results")
    try:
        print(markdown(json.loads(parser.parse_args().measured.read_text())), end="")
    except (OSError, ValueError) as error:
        parser.error(f"measured: {error}")
