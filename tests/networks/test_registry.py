"""The three calls that a person needs."""

import pytest

from lorafb.files import InputError
from lorafb.networks import registry


def test_every_listed_network_has_layers():
    assert len(registry.list()) == 28
    assert all(len(registry.layers(name)) > 3 for name in registry.list())


def test_a_network_is_created_by_name_and_a_misspelt_one_gets_the_nearest():
    assert registry.create("lorafb_snet_tiny", classes=3).fc.out_features == 3
    with pytest.raises(InputError, match="unknown network 'lorafb_snet8'; did you mean 'lorafb_snet"):
        registry.create("lorafb_snet8")
