"""The network as a table: what comes out of each layer and what it costs."""

from collections.abc import Mapping, Sequence
from typing import Any

from striate.report.text import sizes
from striate.units import bytes_text, count_text

__all__ = ["COLUMNS", "network_rows", "network_total"]

COLUMNS = ("Layer", "Type", "Output", "Parameters", "MACs", "Sees", "Step", "Memory")


def network_rows(network: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """The rows of `model.check()` as text, in the order of COLUMNS; what a row does not say is a dash.

    Example: >>> network_rows({"rows": [{"name": "dense", "type": "Dense", "output": [10], "params": 1010, "macs": 1000,
             ...                         "receptive_field": [28, 28], "stride": None, "bytes": 40}]})
             [('dense', 'Dense', '10', '1,010', '1,000', '28 × 28', '–', '40 B')]
    """
    return [
        (
            str(row.get("name", "–")),
            str(row.get("type", "–")),
            _size(row.get("output")),
            _count(row.get("params")),
            _count(row.get("macs")),
            _size(row.get("receptive_field")),
            _size(row.get("stride")),
            bytes_text(row["bytes"]) if row.get("bytes") is not None else "–",
        )
        for row in network.get("rows", ())
    ]


def network_total(network: Mapping[str, Any]) -> tuple[str, ...]:
    """The last line of the table.

    Example: >>> network_total({"params": 61706, "macs": 416520, "rows": [{"bytes": 1000}]})
             ('Total', '', '', '61,706', '416,520', '', '', '1.0 kB')
    """
    held = sum(row.get("bytes") or 0 for row in network.get("rows", ()))
    return (
        "Total",
        "",
        "",
        _count(network.get("params")),
        _count(network.get("macs")),
        "",
        "",
        bytes_text(held),
    )


def _count(number: int | None) -> str:
    return "–" if number is None else count_text(number)


def _size(shape: int | Sequence[int] | None) -> str:
    """A shape; an axis that is not known is a question mark."""
    if shape is None:
        return "–"
    if isinstance(shape, int):
        return str(shape)
    return (
        sizes(shape)
        if all(isinstance(size, int) for size in shape)
        else " × ".join(map(str, shape)).replace("None", "?")
    )
