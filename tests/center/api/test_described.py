"""The API as OpenAPI describes it: nothing that it allows ends in a server's error."""

from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error

from center.api_page import page
from center.app import create_app
from center.store.opening import open_store
from tests.center.center import center_over

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Any:
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('described') / 'center.db'}")
    app = create_app(center_over(store))
    yield schemathesis.openapi.from_asgi("/api/openapi.json", app)
    store.close()


schema = schemathesis.pytest.from_fixture("described")


@schema.exclude(path="/api/stream").parametrize()
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
def test_no_request_ends_in_a_server_error(case: Any) -> None:
    case.call_and_validate(checks=[not_a_server_error])


def test_the_page_of_the_api_is_up_to_date() -> None:
    assert (ROOT / "docs" / "api.md").read_text(encoding="utf-8") == page(), (
        "write docs/api.md anew with `python -m center.api_page`"
    )
