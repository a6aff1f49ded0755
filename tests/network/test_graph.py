import pytest

from striate.errors import ArgumentError, ShapeError, UnknownNameError
from striate.layers import Conv2D, Dense, Flatten, Input, ReLU
from striate.network import Network, network_from_table, network_table


def test_a_chain_knows_every_shape():
    network = Network.sequential([Conv2D(6, 5, input_shape=(32, 32, 1)), ReLU(), Flatten(), Dense(10)])
    assert [node.output for node in network.nodes] == [(32, 32, 1), (28, 28, 6), (28, 28, 6), (4704,), (10,)]
    assert network.is_chain


def test_names_are_numbered_as_keras_does_and_given_names_are_kept():
    layers = [Dense(3, input_shape=(2,)), Dense(3, name="dense_1"), Dense(3), ReLU()]
    assert [node.name for node in Network.sequential(layers).layers] == ["dense", "dense_1", "dense_2", "re_lu"]


def test_two_layers_of_one_name_are_refused():
    with pytest.raises(ArgumentError, match="two layers are called 'a'"):
        Network.sequential([Dense(3, name="a", input_shape=(2,)), Dense(3, name="a")])


def test_a_name_that_cannot_be_a_key_is_refused():
    with pytest.raises(ArgumentError, match="cannot be used"):
        Network.sequential([Dense(3, name="a.b", input_shape=(2,))])


def test_the_same_object_twice_in_a_chain_names_the_functional_form():
    layer = Dense(2)
    with pytest.raises(ArgumentError, match="stands in the list twice") as caught:
        Network.sequential([Dense(2, input_shape=(2,)), layer, layer])
    assert "functional form" in caught.value.fix


def test_a_layer_called_twice_keeps_one_name_for_its_weights():
    layer, x = Dense(2), Input((2,))
    network = Network.functional(x, layer(layer(x)))
    assert [(node.name, node.owner) for node in network.nodes[1:]] == [("dense", "dense"), ("dense:2", "dense")]
    assert len(network.layers) == 1


def test_a_layer_that_does_not_fit_is_told_with_its_place():
    with pytest.raises(ShapeError) as caught:
        Network.sequential([Conv2D(6, 5, input_shape=(8, 8, 1)), Conv2D(6, 5)])
    assert caught.value.where == "layer 2 of 2, conv2d_1 = Conv2D(filters=6, kernel_size=5); input (4, 4, 6)"
    assert "floor((4 + 2*0 - 1*(5-1) - 1) / 1) + 1 = 0" in caught.value.sum


def test_a_chain_without_an_input_shape_says_where_to_write_it():
    with pytest.raises(ShapeError, match="does not know the shape"):
        Network.sequential([Dense(2)])


def test_a_class_in_the_list_is_told_to_be_made_an_object():
    with pytest.raises(ArgumentError) as caught:
        Network.sequential([Dense(2, input_shape=(2,)), ReLU])
    assert "ReLU(...)" in caught.value.fix


def test_an_output_of_an_unlisted_input_is_refused():
    a, b = Input((2,)), Input((2,))
    with pytest.raises(ArgumentError, match="not among the inputs"):
        Network.functional(a, Dense(1)(b))


def test_a_graph_goes_through_its_table_and_back():
    x = Input((8, 8, 1))
    body = Conv2D(4, 3, padding="same", activation="relu")(x)
    shared = Conv2D(4, 3, padding="same")
    network = Network.functional(x, [Dense(2)(Flatten()(shared(shared(body)))), Dense(3, name="head")(Flatten()(body))])
    again = network_from_table(network_table(network))
    assert [(n.name, n.inputs, n.output) for n in again.nodes] == [(n.name, n.inputs, n.output) for n in network.nodes]
    assert again.outputs == network.outputs


def test_a_table_that_names_an_unknown_layer_is_refused():
    with pytest.raises(UnknownNameError, match="no earlier layer is called 'nowhere'"):
        Network.assemble((2,), [(Dense(2), ["nowhere"])])
