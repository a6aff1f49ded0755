"""Recipes to be read and refused: a good one, and what becomes of it when one thing is wrong."""

GOOD = """\
format = 1

[data]
name = "digits"

[model]
input = [8, 8, 1]
layers = [
    { type = "Conv2D", filters = 4, kernel_size = 3, activation = "relu" },
    { type = "MaxPooling2D", pool_size = 2 },
    { type = "Flatten" },
    { type = "Dense", units = 10, activation = "softmax" },
]

[train]
optimizer = { type = "Adam", learning_rate = 0.01 }
epochs = 3
"""


def but(*changes: tuple[str, str]) -> str:
    """The good recipe with some words changed."""
    text = GOOD
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


FILTERS, EPOCHS, FLATTEN, NAME = "filters = 4", "epochs = 3", '{ type = "Flatten" }', 'name = "digits"'

BAD: dict[str, str | bytes] = {
    # what is no text, or no TOML
    "empty": "",
    "not_utf8": but(('"digits"', '"café"')).encode("latin-1"),
    "utf16": GOOD.encode("utf-16"),
    "nul_byte": GOOD + "\0",
    "too_large": GOOD + "#" * 65_536,
    "nested_too_deep": GOOD + "x = " + "[" * 33 + "]" * 33,
    "dotted_too_long": GOOD + ".".join("a" * 40) + " = 1",
    "number_too_long": but((FILTERS, "filters = " + "9" * 5_000)),
    "duplicate_key": but((EPOCHS, f"{EPOCHS}\nepochs = 4")),
    "duplicate_key_in_a_layer": but((FILTERS, f"{FILTERS}, filters = 5")),
    "duplicate_table": GOOD + "\n[data]\npath = 'x'\n",
    "text_without_quotes": but(('"digits"', "digits")),
    "true_in_python": but((NAME, f"{NAME}\nnormalise = True")),
    "unclosed_text": but(('"digits"', '"digits')),
    "colon_for_equals": but(("epochs = 3", "epochs: 3")),
    # keys and values
    "byte_order_mark": "\ufeff" + but(("format = 1", "format = 2")),
    "tabs": but((EPOCHS, '\tepochs = "3"')),
    "crlf": but((EPOCHS, "epochs = 0")).replace("\n", "\r\n"),
    "wide_letters_before": but((FILTERS, 'name = "größe", filters = 0')),
    "format_of_the_future": but(("format = 1", "format = 2")),
    "format_missing": but(("format = 1\n", "")),
    "section_misspelt": but(("[train]", "[trian]")),
    "data_missing": but((f"[data]\n{NAME}\n", "")),
    "data_no_table": but((f"[data]\n{NAME}\n", "data = 3\n")),
    "data_unknown": but(('"digits"', '"digts"')),
    "data_twice": but((NAME, f'{NAME}\npath = "images"')),
    "size_of_a_data_set": but((NAME, f"{NAME}\nsize = [64, 64]")),
    "validation_above_one": but((NAME, f"{NAME}\nvalidation = 1.5")),
    "nothing_left_to_train_on": but((NAME, f"{NAME}\nvalidation = 0.5\ntest = 0.5")),
    "augmentation_unknown": but((NAME, f'{NAME}\naugment = [{{ type = "RandomFlp" }}]')),
    "seed_negative": but(("format = 1", "format = 1\nseed = -1")),
    "layers_missing": "format = 1\n[data]\nname = 'digits'\n[model]\ninput = [8, 8, 1]\n",
    "layers_empty": "format = 1\n[data]\nname = 'digits'\n[model]\nlayers = []\n",
    "layer_unknown": but(('"Flatten"', '"Flaten"')),
    "layer_by_name_alone": but((FLATTEN, '"Flatten"')),
    "layer_without_type": but((FLATTEN, '{ tpe = "Flatten" }')),
    "key_misspelt": but(("kernel_size", "kernel_sise")),
    "string_for_number": but((FILTERS, 'filters = "4"')),
    "float_for_int": but((FILTERS, "filters = 4.0")),
    "bool_for_int": but((FILTERS, "filters = true")),
    "date_for_int": but((EPOCHS, "epochs = 2020-01-01")),
    "negative": but((FILTERS, "filters = -4")),
    "too_many_filters": but((FILTERS, "filters = 1000000001")),
    "not_finite": but(("learning_rate = 0.01", "learning_rate = nan")),
    "choice_misspelt": but((FILTERS, f'{FILTERS}, padding = "smae"')),
    "activation_unknown": but(('"relu"', '"rleu"')),
    "activation_no_activation": but(('"relu"', '"Flatten"')),
    "pair_of_three": but(("kernel_size = 3", "kernel_size = [3, 3, 3]")),
    "groups_do_not_divide": but((FILTERS, f"{FILTERS}, groups = 3")),
    "text_for_list": but((EPOCHS, f'{EPOCHS}\nmetrics = "accuracy"')),
    "metric_unknown": but((EPOCHS, f'{EPOCHS}\nmetrics = ["accurcy"]')),
    "metric_no_name": but((EPOCHS, f"{EPOCHS}\nmetrics = [3]")),
    "metric_of_another_loss": but((EPOCHS, f'{EPOCHS}\nloss = "mean_squared_error"')),
    "optimizer_unknown": but(('"Adam"', '"Adma"')),
    "optimizer_argument_unknown": but(("learning_rate", "learning_rte")),
    "schedule_unknown": but((EPOCHS, f'{EPOCHS}\nschedule = {{ type = "OneCycl" }}')),
    "callback_unknown": but((EPOCHS, f'{EPOCHS}\ncallbacks = [{{ type = "EarlyStoping" }}]')),
    "plan_unknown": but((EPOCHS, f'{EPOCHS}\nplan = "fast"')),
    "epochs_zero": but((EPOCHS, "epochs = 0")),
    # the network
    "kernel_larger_than_map": but(("kernel_size = 3", "kernel_size = 9")),
    "input_without_channels": but(("[8, 8, 1]", "[8, 8]")),
    "input_empty": but(("[8, 8, 1]", "[]")),
    "input_as_a_layer": but((FLATTEN, '{ type = "InputLayer", shape = [8, 8, 1] }')),
    "input_in_a_layer": but((FILTERS, f"{FILTERS}, input_shape = [8, 8, 1]")),
    "two_layers_of_one_name": but((FLATTEN, '{ type = "Flatten", name = "a" }, { type = "ReLU", name = "a" }')),
    "layer_called_input": but((FLATTEN, '{ type = "Flatten", name = "input" }')),
    "layer_name_no_name": but((FLATTEN, '{ type = "Flatten", name = "a b" }')),
    "takes_an_unknown_layer": but((FLATTEN, '{ type = "Flatten", inputs = ["cnv2d"] }')),
    "takes_two": but((FLATTEN, '{ type = "Flatten", inputs = ["conv2d", "max_pooling2d"] }')),
    "output_unknown": but(("[8, 8, 1]", '[8, 8, 1]\noutputs = ["dens"]')),
    "loss_unknown": but((EPOCHS, f'{EPOCHS}\nloss = "categorical_crossentrpy"')),
    "loss_of_another_head": but((EPOCHS, f'{EPOCHS}\nloss = "binary_crossentropy"')),
    "head_without_softmax": but((', activation = "softmax"', "")),
    # all at once
    "shapes_and_others": but(("kernel_size = 3", "kernel_size = 9"), ("units", "unit"), ("epochs = 3", "epoch = 0")),
    "branches": but(
        (
            FLATTEN,
            '{ type = "Dense", units = 1, inputs = ["inptu"] }, { type = "Flatten", inputs = ["max_pooling2d"] }',
        ),
        ("pool_size = 2", "pool_size = 9"),
    ),
    "shapes_after_what_is_wrong_are_unknown": but((FILTERS, 'filters = "4"'), ("pool_size = 2", "pool_size = 9")),
    "every_section": but(
        ("format = 1", "format = 3\nsede = 1"),
        ('"digits"', '"digits"\nvalidation = -1'),
        ("[8, 8, 1]", "[8, 0, 1]"),
        ("pool_size = 2", "pool_sise = 2"),
        (EPOCHS, "epochs = 1.5\nloss = 3"),
    ),
}
