"""No test waits between two tries, or long for an answer."""

import pytest

from lorafb import web


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(web, "BACKOFF_S", 0.0)
    monkeypatch.setattr(web, "TIMEOUT_S", (1, 0.3))
