"""The report of a run: one HTML file that shows how good the network is, where it errs, and how it came about."""

from striate.report.page import *
from striate.report.results import *
from striate.report.verdict import *
