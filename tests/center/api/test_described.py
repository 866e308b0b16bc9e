"""The API as OpenAPI describes it: nothing that it allows ends in a server's error."""

from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error

from center.api_page import page
from center.app import create_app
from center.store.opening import open_store
from tests.center.center import center_over

ROOT = Path(__file__).resolve().parents[3]


def test_no_request_ends_in_a_server_error(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'center.db'}")
    app = create_app(center_over(store))
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", app)
    operations: list[Any] = [found.ok() for found in schema.get_all_operations()]  # type: ignore[union-attr]
    tried = 0
    for operation in operations:
        if operation.path == "/api/stream":
            continue  # never ends

        @settings(
            max_examples=3, deadline=None, database=None, suppress_health_check=list(HealthCheck)
        )
        @given(operation.as_strategy())
        def ask(case: Any) -> None:
            nonlocal tried
            tried += 1
            case.call_and_validate(checks=[not_a_server_error])

        ask()
    store.close()
    assert tried >= len(operations)


def test_the_page_of_the_api_is_up_to_date() -> None:
    assert (ROOT / "docs" / "api.md").read_text(encoding="utf-8") == page(), (
        "write docs/api.md anew with `python -m center.api_page`"
    )
