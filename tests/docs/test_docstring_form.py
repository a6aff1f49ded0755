"""The reader of docstrings reads what is there."""

from docs.docstrings import Docstring


def test_a_docstring_falls_into_its_parts():
    said = Docstring.parse(
        """Add two numbers,
        and two more.

        z = x + y

        That is all.

        Shape:   (n,) -> (n,)
                 or nothing
        Args:    x: the first,
                   which may be long.
                 y, z: the others.
        Source:  Peano 1889
        Example: in words
                 >>> 1 + 1
                 2

        A last word.
        """
    )
    assert said.summary == "Add two numbers, and two more."
    assert said.paragraphs == ("z = x + y", "That is all.", "A last word.")
    assert said.formula == "z = x + y"
    assert said.sections["Shape"] == "(n,) -> (n,)\nor nothing"
    assert said.args == {"x": "the first, which may be long.", "y": "the others.", "z": "the others."}
    assert said.sections["Example"] == "in words\n>>> 1 + 1\n2"


def test_a_block_of_arguments_reads_as_a_line_of_them_does():
    block = Docstring.parse("Do.\n\nArgs:\n    name: of it.\n    size: of it, pixels.\n")
    assert block.args == {"name": "of it.", "size": "of it, pixels."}
    assert Docstring.parse("Do.\n\nArgs:    name: of it.\n").args == {"name": "of it."}


def test_nothing_falls_into_nothing():
    assert Docstring.parse("") == Docstring("", (), {})
