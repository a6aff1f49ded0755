"""What a model says of image files, in the settled form."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from striate.errors import DataError, DeclarationError, printable
from striate.model import Model

__all__ = ["predict_files"]


def predict_files(model: Model, files: Sequence[Path]) -> list[dict[str, Any]]:
    """For each file {file, class, index, probability, probabilities, error}.

    An image that cannot be decoded has an error and nothing else.

    Errors: DeclarationError for a model that was never fitted, which does not know how its images were prepared.
    """
    if model.preprocessing is None:
        raise DeclarationError(
            "the model was never fitted, so it does not know how images are prepared", fix="fit it first"
        )
    images, answers = [], []
    for file in files:
        answer: dict[str, Any] = dict.fromkeys(("file", "class", "index", "probability", "probabilities", "error"))
        answer["file"] = printable(file, 300)
        try:
            images.append((answer, model.preprocessing.load_image(file)))
        except DataError as error:
            answer["error"] = error.what + (f": {error.sum}" if error.sum else "")
        answers.append(answer)
    if images:
        said = model.predict(np.stack([image for _, image in images]))
        outputs = said[0] if isinstance(said, list) else said  # of several outputs the first is the answer
        for (answer, _), output in zip(images, outputs, strict=True):
            _fill(answer, output.astype(float), model)
    return answers


def _fill(answer: dict[str, Any], output: np.ndarray, model: Model) -> None:
    if output.shape == (1,) and len(model.classes) == 2:  # one sigmoid output: the probability of the second class
        output = np.array([1 - output[0], output[0]])
    answer["probabilities"] = [round(value, 6) for value in output.ravel().tolist()]
    if model.classes or model.answers_shares:
        index = int(output.argmax())
        answer["index"], answer["probability"] = index, round(float(output[index]), 6)
        answer["class"] = model.classes[index] if model.classes else str(index)
