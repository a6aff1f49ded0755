"""A finding: one fault of a declaration, a data set or a run, with the number that shows it."""

from dataclasses import asdict, dataclass

__all__ = ["Finding"]


@dataclass(frozen=True)
class Finding:
    """What is wrong (`fault`, a stable slug), where, the evidence in numbers, the cause and the fix.

    Example: >>> Finding("window-does-not-tile", "conv2d", "(7 - 3) mod 3 = 1", "one row is never seen", "strides=2").fault
             'window-does-not-tile'
    """

    fault: str
    where: str
    evidence: str
    cause: str
    fix: str
    severity: str = "advice"
    """"advice": the job goes on; "error": it is refused."""

    def to_json(self) -> dict[str, str]:
        """The finding as `--json` prints it."""
        return {key: value for key, value in asdict(self).items() if key != "severity"}

    def __str__(self) -> str:
        head = f"{self.fault} at {self.where}: {self.cause}" if self.where else f"{self.fault}: {self.cause}"
        return f"{head}\n  sum   : {self.evidence}\n  fix   : {self.fix}"
