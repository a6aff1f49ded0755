"""What recipes are refused for: every message a golden line, its place the place of the key, its remedy a remedy."""

import re

import pytest

from striate.errors import RecipeError
from striate.recipe.grammar import Recipe
from striate.recipe.override import override
from striate.recipe.source import Source
from tests.recipe.texts import BAD, GOOD, but

LINE = re.compile(r"recipe\.toml:(?P<line>\d+):(?P<column>\d+) (?P<place>[\w.\[\]]*):? ?(?P<said>.*)")


def wrong(content, settings=()):
    """What a recipe is refused for, if it is."""
    try:
        Recipe.from_source(override(Source.parse(content, "recipe.toml"), settings))
    except RecipeError as error:
        return error.problems
    return []


def problems(content, settings=()):
    found = wrong(content, settings)
    assert found
    return found


def test_the_good_recipe_is_good():
    assert Recipe.from_text(GOOD).train.epochs == 3


def test_what_bad_recipes_are_told_is_golden(golden):
    told = [f"{name}\n" + "".join(f"    {line}\n" for line in problems(content)) for name, content in BAD.items()]
    golden("recipe_problems.txt", "\n".join(told).rstrip())


@pytest.mark.parametrize("name", BAD)
def test_problems_are_told_in_the_order_of_the_file(name):
    places = [(int(found["line"]), int(found["column"])) for found in map(LINE.match, problems(BAD[name])) if found]
    assert places == sorted(places)


def test_the_place_that_is_told_holds_the_key_that_is_named():
    """Wherever the last part of the place is a key, and it stands in the text, the place is where it begins."""
    seen = 0
    for name, content in BAD.items():
        if isinstance(content, bytes) or "no valid TOML" in problems(content)[0]:
            continue
        lines = content.removeprefix("\ufeff").split("\n")
        for found in filter(None, map(LINE.match, problems(content))):
            key = re.search(r"[a-z_]\w*$", found["place"])
            if key and re.search(rf"\b{key[0]}\b", content) and "is needed" not in found["said"]:
                here = lines[int(found["line"]) - 1][int(found["column"]) - 1 :]
                assert re.match(rf"\[?{key[0]}\b", here), (name, found[0])
                seen += 1
    assert seen > 40


@pytest.mark.parametrize(
    ("name", "line", "column"),
    [
        ("not_utf8", 4, 12),
        ("utf16", 1, 1),
        ("nul_byte", 18, 1),
        ("nested_too_deep", 18, 37),
        ("number_too_long", 9, 34),
        ("duplicate_key", 18, 1),
        ("duplicate_key_in_a_layer", 9, 37),
        ("duplicate_table", 19, 1),
        ("text_without_quotes", 4, 8),
        ("crlf", 17, 1),
        ("wide_letters_before", 9, 40),
    ],
)
def test_places_are_counted_in_characters_from_one(name, line, column):
    assert problems(BAD[name])[0].startswith(f"recipe.toml:{line}:{column} ")


REMEDIES = (
    r"(?P<old>\w+): is no known key; did you mean \"(?P<new>\w+)\"\?$",
    r"is needed; was \"(?P<old>\w+)\" meant for it\?$",
    r"not (?P<old>.+); did you mean (?P<new>.+)\?$",
    r"invalid value (?P<old>.+); did you mean (?P<new>.+)\?$",
    r"is called '(?P<old>\w+)'.*; did you mean '(?P<new>\w+)'\?$",
    r"(?P<old>)is needed: (?P<new>format = 1)$",
)


def remedied(text: str, problem: str) -> str | None:
    """The text as the message would have it, if it says so in a way that a machine can follow."""
    place = LINE.match(problem)
    meant = next(filter(None, (re.search(remedy, problem) for remedy in REMEDIES)), None)
    if place is None or meant is None:
        return None
    lines = text.split("\n")
    row, column = int(place["line"]) - 1, int(place["column"]) - 1
    new = meant.groupdict().get("new", "type") + ("" if meant["old"] else "\n")
    lines[row] = lines[row][:column] + lines[row][column:].replace(meant["old"], new, 1)
    return "\n".join(lines)


def test_a_recipe_becomes_good_when_it_does_what_its_messages_say():
    """Every "did you mean" is taken at its word, until nothing is wrong any more or nothing more is meant."""
    cured = []
    for name, content in BAD.items():
        text = content if isinstance(content, str) else ""
        while text and (first := next(iter(wrong(text)), "")):
            changed = remedied(text, first)
            assert changed or "did you mean" not in first, first
            text = changed or ""
        if text:
            cured.append(name)
    assert len(cured) >= 20, cured


LARGE_KERNEL = ("kernel_size = 3", "kernel_size = 9"), ('{ type = "MaxPooling2D", pool_size = 2 },', "")


@pytest.mark.parametrize(
    ("changes", "old", "new"),
    [
        (LARGE_KERNEL, "kernel_size = 9", 'kernel_size = 9, padding = "same"'),
        (LARGE_KERNEL, "kernel_size = 9", "kernel_size = 9, padding = 1"),
        (LARGE_KERNEL, "[8, 8, 1]", "[9, 9, 1]"),
        ([("[8, 8, 1]", "[8, 8]")], "[8, 8]", "[8, 8, 1]"),
        ([(', activation = "softmax"', "")], "units = 10", 'units = 10, activation = "softmax"'),
        ([("epochs = 3", 'loss = "binary_crossentropy"')], "binary_", "sparse_categorical_"),
        ([("epochs = 3", 'loss = "binary_crossentropy"')], "softmax", "sigmoid"),
        ([("epochs = 3", 'loss = "mean_squared_error"')], "loss", 'metrics = ["mean_absolute_error"]\nloss'),
    ],
)
def test_the_remedies_in_words_are_remedies(changes, old, new):
    text = but(*changes)
    assert problems(text)
    assert old in text
    assert not wrong(text.replace(old, new))


def test_a_thousand_million_filters_are_costed_without_being_made():
    from striate.check import check

    network = Recipe.from_text(but(("filters = 4", "filters = 1_000_000_000"))).network()
    assert check(network).params == 10 * 1_000_000_000 + 9 * 1_000_000_000 * 10 + 10


SETTINGS = [
    "train.epoch=3",
    "train.epochs=many",
    "train.epochs=0",
    "train.optimizer.learning_rte=1",
    "trian.epochs=3",
    "model.layers[0].kernel_size=9",
    "model.layers[0].filtres=9",
    "model.layers[9].filters=9",
    "model.layers.filters=9",
    "data.name=mnst",
    "data.name.x=1",
    "train.epochs.x=1",
    "nonsense",
    "=3",
    "a..b=1",
    "train.epochs=" + "[" * 40,
]


def test_what_settings_are_told_is_golden(golden):
    told = [
        f"{setting[:60]}\n" + "".join(f"    {line}\n" for line in problems(GOOD, [setting])) for setting in SETTINGS
    ]
    golden("recipe_settings.txt", "\n".join(told).rstrip())


def test_a_device_and_its_plan_are_looked_at_before_the_run():
    assert (
        Recipe.from_source(override(Source.parse(GOOD, "recipe.toml"), ["train.device=cuda:1"])).train.device
        == "cuda:1"
    )
    (said,) = problems(GOOD, ["train.device=gpu"])
    assert "--set train.device=gpu" in said
    assert "device cannot be 'gpu'" in said
    (said,) = problems(GOOD, ["train.device=cuda", 'train.plan={ device = "cpu" }'])
    assert "the plan was made for device='cpu', and the run is on 'cuda'" in said
