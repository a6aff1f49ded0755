"""What an error names as its fix works: the argument it names is put into the declaration that was refused."""

import ast
import re
import traceback
from pathlib import Path

import numpy as np
import pytest
import torch

import striate
from striate import errors, initializers, layers
from striate.build import build, unit_variance
from striate.errors import StriateError
from striate.network import Network, layer_names, network_table

ROOMS = ("layers", "network", "build", "initializers")
NAMES = {
    **vars(layers),
    **vars(initializers),
    "np": np,
    "Model": striate.Model,
    "Sequential": striate.Sequential,
    "Network": Network,
    "layer_names": layer_names,
    "table": network_table,
    "chain": lambda *given, shape=None: Network.sequential(given, shape),
    "graph": lambda inputs, outputs: build(Network.functional(inputs, outputs)),
    "build": build,
    "scaled": lambda network, images: unit_variance(build(network), network, (images,), ["dense"]),
    "torch": torch,
    "assemble": Network.assemble,
}

NARROW = "chain(Conv2D(6, 5, input_shape=(4, 3, 1)))"
SHARED = "(lambda x, y, one, other: graph([x, y], [one(x), other(y)]))(Input((2, 3)), Input((2, {})), {})"

FIXES = [
    (NARROW, r'padding=("same")', "chain(Conv2D(6, 5, padding={}, input_shape=(4, 3, 1)))"),
    (NARROW, r"padding=(\d)", "chain(Conv2D(6, 5, padding={}, input_shape=(4, 3, 1)))"),
    (NARROW, r"a map of at least (\d)x(\d)", "chain(Conv2D(6, 5, input_shape=({}, {}, 1)))"),
    (
        "chain(Conv2D(6, 3, groups=4, input_shape=(9, 9, 6)))",
        "(groups) that divide both",
        "chain(Conv2D(6, 3, {}=3, input_shape=(9, 9, 6)))",
    ),
    (
        "chain(MaxPooling2D(3, padding=2, input_shape=(9, 9, 1)))",
        r"padding=(\d) at most",
        "chain(MaxPooling2D(3, padding={}, input_shape=(9, 9, 1)))",
    ),
    (
        "chain(MaxPooling2D(3, padding=2, input_shape=(9, 9, 1)))",
        "a larger (pool_size)",
        "chain(MaxPooling2D({}=4, padding=2, input_shape=(9, 9, 1)))",
    ),
    (
        "chain(Conv2D(6, 3), shape=(9, 9))",
        r"one grey channel is \(h, w, (\d)\)",
        "chain(Conv2D(6, 3), shape=(9, 9, {}))",
    ),
    (
        "chain(Conv1D(6, 3), shape=(9, 9, 1))",
        r"(Reshape)\(...\) to 2 axes before it",
        "chain({}((81, 1)), Conv1D(6, 3), shape=(9, 9, 1))",
    ),
    (
        "chain(Reshape((1, 1, 1, 2, 2)), BatchNormalization(), shape=(4,))",
        r"(Reshape)\(...\) to fewer axes before it",
        "chain(Reshape((1, 1, 1, 2, 2)), {}((2, 2)), BatchNormalization(), shape=(4,))",
    ),
    (
        "chain(PReLU(shared_axes=(1, 3)), shape=(9, 3))",
        r"shared_axes=(\(1,\)), one slope for each channel",
        "chain(PReLU(shared_axes={}), shape=(9, 3))",
    ),
    ("Dense(3).output(())", r"(Reshape\(\(1,\)\)) before it", "Dense(3).output({}.output(()))"),
    (
        "chain(LayerNormalization(), shape=(9, 9, 1))",
        r"(BatchNormalization\(\)), which compares",
        "chain({}, shape=(9, 9, 1))",
    ),
    (
        "chain(GroupNormalization(), shape=(9, 9, 6))",
        r"(groups=6), or another number",
        "chain(GroupNormalization({}), shape=(9, 9, 6))",
    ),
    (
        "chain(Normalization((1.0, 2.0), 1.0), shape=(9, 9, 3))",
        r"or (one number) for all channels",
        "chain(Normalization(1.0, 1.0), shape=(9, 9, 3))  # {}",
    ),
    ("McCullochPitts([[1, 1]], [1, 2])", r"(threshold=1) for all", "McCullochPitts([[1, 1]], {})"),
    (
        "chain(McCullochPitts([[1, 1]]), shape=(3,))",
        r"; (0) where they are not connected",
        "chain(McCullochPitts([[1, 1, {}]]), shape=(3,))",
    ),
    ("Maxout(3).output(())", r"(Reshape\(\(1,\)\)) before it", "Maxout(3).output({}.output(()))"),
    ("Reshape((-1, -1))", r"(-1) once at most", "Reshape(({}, 2))"),
    ("chain(Reshape((5, 2)), shape=(4, 4))", r"or (-1) for one of them", "chain(Reshape(({}, 2)), shape=(4, 4))"),
    (
        "chain(Conv1DTranspose(1, 2, padding=1, input_shape=(1, 3)))",
        r'padding=("same")',
        "chain(Conv1DTranspose(1, 2, padding={}, input_shape=(1, 3)))",
    ),
    (
        "chain(Conv2DTranspose(1, 3, 2, output_padding=2, input_shape=(4, 4, 1)))",
        r"output_padding=(\d) at most",
        "chain(Conv2DTranspose(1, 3, 2, output_padding={}, input_shape=(4, 4, 1)))",
    ),
    ("Permute((1, 1))", r"dims=(\(.*\)), for example", "Permute({})"),
    (
        "chain(Permute((2, 1)), shape=(2, 3, 4))",
        "(one number) of dims for each axis",
        "chain(Permute((2, 1, 3)), shape=(2, 3, 4))  # {}",
    ),
    (
        "chain(Cropping1D(2, input_shape=(4, 1)))",
        r"a map of at least (\d)",
        "chain(Cropping1D(2, input_shape=({}, 1)))",
    ),
    ("MaxUnpooling1D(2).output((3, 1), (4, 1))", r"small of (\(\d, \d\))", "MaxUnpooling1D(2).output({}, (4, 1))"),
    ("Dense(3)(np.zeros((2, 4)))", r"call it on (Input)\(shape\)", "Dense(3)({}((4,)))"),
    ("RandomUniform(0.1, -0.1)", r"(RandomUniform\(.*\))", "{}"),
    ("chain(Dense(3))", r"(input_shape)=\(height, width, channels\)", "chain(Dense(3, {}=(4, 4, 1)))"),
    ("chain(Dense(3))", r"or (Input)\(\(h, w, c\)\) before it", "chain({}((4, 4, 1)), Dense(3))"),
    ("chain(Input((4,)), Dense(3), ReLU)", r"write (ReLU)\(...\)", "chain(Input((4,)), Dense(3), {}())"),
    (
        "chain(Input((4,)), Dense(3), 'relu')",
        r"layer objects such as (Dense\(10\))",
        "chain(Input((4,)), Dense(3), {})",
    ),
    (
        "(lambda layer: chain(Input((4,)), layer, layer))(Dense(4))",
        r"y = layer\(layer\((Input)\(shape\)\)\); (Model)\(x, y\)",
        "(lambda layer, x: {1}(x, layer(layer(x))))(Dense(4), {0}((4,)))",
    ),
    (
        "(lambda x, other: Model(x, Dense(3)(other)))(Input((4,)), Input((4,)))",
        r"list every Input in Model\((inputs)=\[...\], (outputs)=...\)",
        "(lambda x, other: Model({}=[x, other], {}=Dense(3)(other)))(Input((4,)), Input((4,)))",
    ),
    ("layer_names([Dense(3, name='two words')])", r"name such as ('\w+')", "layer_names([Dense(3, name={})])"),
    ("layer_names([Dense(3, name='forward')])", r"name such as ('\w+')", "layer_names([Dense(3, name={})])"),
    (
        "layer_names([Dense(3, name='a'), Dense(3, name='a')])",
        "give one of them (another name)",
        "layer_names([Dense(3, name='a'), Dense(3, name='{}'.replace(' ', '_'))])",
    ),
    (
        SHARED.format(4, "*[Dense(3)] * 2"),
        "(two layers), or",
        SHARED.format(4, "Dense(3), Dense(3)") + "  # {}",
    ),
    (SHARED.format(4, "*[Dense(3)] * 2"), "or (equal shapes)", SHARED.format(3, "*[Dense(3)] * 2") + "  # {}"),
    (
        "assemble((4,), [(Dense(3), []), (ReLU(), ['dens'])])",
        "did you mean ('dense')",
        "assemble((4,), [(Dense(3), []), (ReLU(), [{}])])",
    ),
    ("assemble((4,), [(Dense(3), [])], ['dens'])", "did you mean ('dense')", "assemble((4,), [(Dense(3), [])], [{}])"),
    (
        "assemble((4,), [(Dense(3), []), (ReLU(), ['input', 'dense'])])",
        r"such as (Concatenate) before it",
        "assemble((4,), [(Dense(3), []), ({}(), ['input', 'dense']), (ReLU(), [])])",
    ),
    ("Add()(Input((4,)))", r"(Add)\(...\)\(\[a, b\]\)", "(lambda a, b: {}()([a, b]))(Input((4,)), Input((4,)))"),
    (
        "Add()(Input((8, 8, 3)), Input((8, 8, 5)))",
        "a (1)x1 convolution changes channels",
        "(lambda a, b: Add()(a, Conv2D(3, {})(b)))(Input((8, 8, 3)), Input((8, 8, 5)))",
    ),
    (
        "Add()(Input((8, 8, 3)), Input((4, 4, 3)))",
        "(strides) or pooling change the map",
        "(lambda a, b: Add()(Conv2D(3, 1, {}=2)(a), b))(Input((8, 8, 3)), Input((4, 4, 3)))",
    ),
    ("Concatenate(axis=0)", r"axis=(-1), the channels", "Concatenate(axis={})"),
    (
        "Concatenate()(Input((8, 8, 3)), Input((6, 6, 3)))",
        'padding="same", strides, (Cropping2D) or UpSampling2D before it',
        "(lambda a, b: Concatenate()({}(1)(a), b))(Input((8, 8, 3)), Input((6, 6, 3)))",
    ),
    (
        "Concatenate(axis=5)(Input((8, 8, 3)), Input((8, 8, 3)))",
        r"axis=(-1), the channels",
        "Concatenate(axis={})(Input((8, 8, 3)), Input((8, 8, 3)))",
    ),
    (
        "Dot()(Input((3,)), Input((4,)))",
        r"(Dense) or Conv2D\(k, 1\) before it",
        "(lambda a, b: Dot()({}(4)(a), b))(Input((3,)), Input((4,)))",
    ),
    (
        "chain(Flatten(), shape=(None, None, 3))",
        "such as (GlobalAveragePooling2D) or Conv2D",
        "chain({}(), shape=(None, None, 3))",
    ),
    (
        "build(chain(Dense(3, bias_initializer='orthogonal', input_shape=(4,))))",
        '"(zeros)" for a bias',
        "build(chain(Dense(3, bias_initializer='{}', input_shape=(4,))))",
    ),
    (
        "build(chain(Dense(3, bias_initializer='dirac', input_shape=(4,))))",
        '"(zeros)" for a bias',
        "build(chain(Dense(3, bias_initializer='{}', input_shape=(4,))))",
    ),
    (
        "build(chain(Conv2D(3, 3, kernel_initializer='identity', input_shape=(9, 9, 1))))",
        '"(dirac)" for a convolution',
        "build(chain(Conv2D(3, 3, kernel_initializer='{}', input_shape=(9, 9, 1))))",
    ),
    (
        "build(chain(Conv2D(4, 3, groups=2, kernel_initializer=Dirac(3), input_shape=(9, 9, 2))))",
        r"groups that divide (\d)",
        "build(chain(Conv2D(4, 3, groups=2, kernel_initializer=Dirac({} // 2), input_shape=(9, 9, 2))))",
    ),
    (
        "scaled(chain(Dense(3, kernel_initializer='lsuv', input_shape=(4,))), torch.zeros(5, 4))",
        "a larger batch of (images that differ)",
        "scaled(chain(Dense(3, kernel_initializer='lsuv', input_shape=(4,))), torch.eye(4))  # {}",
    ),
    (
        "scaled(chain(Dense(3, kernel_initializer='lsuv', input_shape=(4,))), torch.zeros(5, 4))",
        'or kernel_initializer="(orthogonal)"',
        "scaled(chain(Dense(3, kernel_initializer='{}', input_shape=(4,))), torch.zeros(5, 4))",
    ),
    (
        "chain(PaddedShortcut(2, input_shape=(9, 9, 3)))",
        r"filters=(\d) or more",
        "chain(PaddedShortcut({}, input_shape=(9, 9, 3)))",
    ),
    ("PartialConv2D(((0, 0),), 3)", "each channel (once)", "PartialConv2D(((0, 1),), 3)  # {}"),
    (
        "chain(PartialConv2D(((0, 4),), 3, input_shape=(9, 9, 2)))",
        r"a map of (\d) channels",
        "chain(PartialConv2D(((0, 4),), 3, input_shape=(9, 9, {})))",
    ),
    ("RBF('x')", "(some) of these", "RBF('01')  # {}"),
    ("chain(RBF(), shape=(9,))", r"Dense\((\d+)\) before it", "chain(Dense({}), RBF(), shape=(9,))"),
    ("Dense(unit=3)", "did you mean '(units)'", "Dense({}=3)"),
    ("Dense(3, colour=1)", "leave '(colour)' out", "Dense(3)  # {}"),
    ("ReLU(1)", "(name) the others: argument=value", "ReLU({}='one')"),
    (
        "LSTM(4)(Input((5, 2)), Input((3,)), Input((3,)))",
        r"2 of shape \((\d),\), or none: zeros",
        "(lambda x, h, c: LSTM(4)(x, h, c))(Input((5, 2)), Input(({},)), Input((4,)))",
    ),
    (
        "GRU(4, activation='relu')(Input((None, 2)))",
        "Input with the (length)",
        "GRU(4, activation='relu')(Input((5, 2)))  # {}",
    ),
    ("Bidirectional(Dense(3))", r"(LSTM)\(units\)", "Bidirectional({}(3))"),
    (
        "(lambda x, h: Bidirectional(GRU(4))(x, h))(Input((5, 2)), Input((4,)))",
        "those of the one way and then of the (other)",
        "(lambda x, h, other: Bidirectional(GRU(4))(x, h, {}))(Input((5, 2)), Input((4,)), Input((4,)))",
    ),
    ("TimeDistributed(Add())", "(TimeDistributed) for each layer of a block", "{}(Dense(3))"),
    (
        "chain(TimeDistributed(Dense(3)), shape=(4,))",
        r"(Reshape\(\(-1, )c\)\) before it",
        "chain({}2)), TimeDistributed(Dense(3)), shape=(4,))",
    ),
    (
        "(lambda q, v, k: Attention()(q, v, k))(Input((5, 2)), Input((4, 2)), Input((3, 2)))",
        r"(\[query, value, key\]) with keys made of what",
        "(lambda query, value, key: Attention()({}))(Input((5, 2)), Input((4, 2)), Input((4, 2)))",
    ),
    (
        "(lambda q, v: Attention()(q, v))(Input((5, 2)), Input((4, 3)))",
        r"(Dense)\(units\) on one of them",
        "(lambda q, v: Attention()({}(3)(q), v))(Input((5, 2)), Input((4, 3)))",
    ),
    (
        "(lambda q, v: Attention()(q, v))(Input((5, 2)), Input((4, 3)))",
        "or (MultiHeadAttention), which does so itself",
        "(lambda q, v: {}(2, 3)(q, v))(Input((5, 2)), Input((4, 3)))",
    ),
    (
        "chain(Residual([Conv2D(3, 3)], shortcut=Conv2D(3, 1)), shape=(9, 9, 3))",
        'padding=("same") in the layers',
        "chain(Residual([Conv2D(3, 3, padding={})], shortcut=Conv2D(3, 1)), shape=(9, 9, 3))",
    ),
    (
        "(lambda x: Sequential([Model(x, [Dense(2)(x), Dense(3)(x)]), Dense(2)]))(Input((4,)))",
        r"the functional form: (a, b = model\(x\))",
        "(lambda x, m: Model(x, Concatenate()(m(x))))(Input((4,)), (lambda x: Model(x, [Dense(2)(x), Dense(3)(x)]))(Input((4,))))  # {}",
    ),
    (
        "(lambda x, y: Network.functional(x, [y, y]))(*(lambda x: (x, Dense(2)(x)))(Input((4,))))",
        "each value (once)",
        "(lambda x, y: Network.functional(x, [y]))(*(lambda x: (x, Dense(2)(x)))(Input((4,))))  # {}",
    ),
]


def refused(source):
    with pytest.raises(StriateError) as caught:
        eval(source, dict(NAMES))  # noqa: S307
    return caught.value


@pytest.mark.parametrize(("source", "named", "mended"), FIXES)
def test_what_the_fix_names_mends_the_declaration(source, named, mended):
    found = re.search(named, refused(source).fix)
    assert found, refused(source)
    eval(mended.format(*found.groups()), dict(NAMES))  # noqa: S307


def raised_in(room):
    """Where the files of a room raise an error of their own: (file, first line, last line)."""
    for path in (Path(striate.__file__).parent / room).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Raise)
                and isinstance(node.exc, ast.Call)
                and ast.unparse(node.exc.func) in errors.__all__
            ):
                yield path, node.lineno, node.end_lineno


@pytest.mark.parametrize("room", ROOMS)
def test_no_error_is_raised_whose_fix_is_not_applied_here(room):
    places = set()
    for source, _, _ in FIXES:
        frame = traceback.extract_tb(refused(source).__traceback__)[-1]
        places.add((Path(frame.filename), frame.lineno))
    unseen = [
        f"{path.name}:{first}"
        for path, first, last in raised_in(room)
        if not any(file == path and first <= line <= last for file, line in places)
    ]
    assert unseen == []
