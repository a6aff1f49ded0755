import pytest

from striate.recipe import job
from striate.recipe.grammar import Recipe

RECIPE = """
format = 1
[data]
name = "digits"
{split}
[model]
input = [8, 8, 1]
layers = [{{ type = "Flatten" }}, {{ type = "Dense", units = 10, activation = "softmax" }}]
[train]
loss = "sparse_categorical_crossentropy"
optimizer = "Adam"
epochs = 1
plan = "exact"
"""


@pytest.mark.parametrize(
    ("split", "shown"),
    [
        ("", "of 359 test images named correctly"),
        ("test = 0.0", "of 180 validation images named correctly"),
        ("test = 0.0\nvalidation = 0.0", "no images were kept back"),  # never those it has learnt from
    ],
)
def test_the_report_is_of_images_that_were_kept_back(tmp_path, split, shown):
    recipe = Recipe.from_text(RECIPE.format(split=split))
    job.run(recipe, tmp_path / "run", say=lambda line: None, progress=False, verbose=0)
    assert shown in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
