"""Shared by the tests: quiet TensorFlow, no network, one seed."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("GANKIT_OFFLINE", "1")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # the same in the processes that tests start

import keras
import numpy as np
import pytest

if keras.backend.backend() != "tensorflow":  # the lessons and their checks are TensorFlow's
    collect_ignore = ["test_notebooks.py", "test_checks.py", "test_browser.py"]


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(0)


@pytest.fixture
def points():
    """256 points of two dimensions, float32."""
    return np.random.default_rng(0).normal(1.5, 0.5, (256, 2)).astype("float32")


@pytest.fixture
def pictures():
    """48 random images of 28 px, float32 in [0, 1]."""
    return np.random.default_rng(0).random((48, 28, 28, 1), dtype="float32")
