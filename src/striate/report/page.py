"""The page: all parts of a report in one file that needs nothing else."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from striate.files import write_whole
from striate.report.calibration import calibration_bins, calibration_drawing, calibration_error
from striate.report.classes import class_scores, mean_score
from striate.report.confusion import MOST_CLASSES, confusion, confusion_drawing, most_confused
from striate.report.curves import curves
from striate.report.filters import filter_blocks
from striate.report.machine import facts, headline
from striate.report.mistakes import worst
from striate.report.network import COLUMNS, network_rows, network_total
from striate.report.picture import data_uri
from striate.report.results import Results
from striate.report.text import clean, percent, share_digits, short, sizes
from striate.report.values import values_drawing
from striate.report.verdict import Verdict, verdict
from striate.version import __version__

__all__ = ["render", "write_report"]

_pages = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    finalize=clean,
    trim_blocks=True,
    lstrip_blocks=True,
)
_pages.filters |= {"percent": percent, "short": short, "sizes": sizes}


def write_report(results: Results, path: str | os.PathLike[str]) -> None:
    """Write the report of a run as one HTML file, whole or not at all.

    Errors:  StorageError if it cannot be written.
    Example: >>> import tempfile
             >>> with tempfile.TemporaryDirectory() as folder:
             ...     write_report(Results(title="nothing yet"), Path(folder, "report.html"))
             ...     Path(folder, "report.html").exists()
             True
    """
    write_whole(path, render(results).encode())


def render(results: Results) -> str:
    """The report as HTML: no script, no network, light and dark, for a phone, a screen and paper.

    Example: >>> render(Results(title="nothing yet")).startswith("<!doctype html>")
             True
    """
    view: dict[str, Any] = {
        "results": results,
        "version": __version__,
        "verdict": verdict(results),
        "headline": headline(results.summary, results.network, max(map(len, results.history.values()), default=0)),
        "curves": curves(results.history, results.best_epoch),
        "examples": worst(results),
        "strange": int((~np.isfinite(results.outputs)).any(axis=1).sum()),
        "filters": [],
        "columns": COLUMNS,
        "rows": network_rows(results.network),
        "total": network_total(results.network),
        "class_counts": results.class_counts or _counted(results),
        "bad_total": len(results.bad_files) if results.bad_files_total is None else results.bad_files_total,
        "facts": facts(results.summary, results.machine),
        "most_classes": MOST_CLASSES,
    }
    if results.filters is not None:
        view["filters"] = [data_uri(block) for block in filter_blocks(results.filters)]
    if len(results.labels):
        view |= (
            _classified(results)
            if results.classifies
            else {"values": values_drawing(np.asarray(results.labels), results.scores)}
        )
    view["bar"] = _bar(view["verdict"])
    return _pages.get_template("report.html.j2").render(view)


def _classified(results: Results) -> dict[str, Any]:
    names, k = results.class_names, len(results.class_names)
    matrix = confusion(np.asarray(results.labels), results.said, k)
    scores = class_scores(matrix)
    view = {
        "matrix": confusion_drawing(matrix, names) if k <= MOST_CLASSES else None,
        "pairs": most_confused(matrix, 10 if k <= MOST_CLASSES else 20),
        "scores": scores if k <= MOST_CLASSES else sorted(scores, key=lambda score: score.f1),
        "mean": mean_score(scores),
        "digits": min(1, share_digits(len(results.labels))),
        "wrong": int((~results.right).sum()),
        "bins": [],
    }
    if results.confidence is not None:
        bins = calibration_bins(results.confidence, results.right)
        view |= {
            "bins": bins,
            "reliability": calibration_drawing(bins),
            "ece": calibration_error(bins),
            "confidence": float(results.confidence.mean()),
            "accuracy": float(results.right.mean()),
        }
    return view


def _counted(results: Results) -> dict[str, list[int]]:
    """Images of each class of the part that is shown, where the caller did not count all parts."""
    if not results.classifies or not len(results.labels):
        return {}
    return {results.part: np.bincount(results.labels, minlength=len(results.class_names)).tolist()}


def _bar(found: Verdict) -> dict[str, str] | None:
    """Where the bar under the verdict ends, and where its marks stand, in per cent of its width."""
    if found.share is None or found.interval is None or found.baseline is None:
        return None
    marks = {"share": found.share, "low": found.interval[0], "high": found.interval[1], "baseline": found.baseline[1]}
    return {name: f"{100 * value:.2f}" for name, value in marks.items()}
