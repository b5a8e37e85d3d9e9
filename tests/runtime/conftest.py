"""Every test that takes the `run` fixture runs once on each of the RUNNERS."""

from collections.abc import Callable

import pytest
from runners import RUNNERS, Outcome

#: Programs that the reference executor takes seconds for.
LONG = (
    *("malloc_stress", "spin_counter", "coroutine_contended", "semaphore_counter", "mutex_counter"),
    *("lock_counters", "coroutine_many"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "reference" in item.name and any(name in item.name for name in LONG):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session", params=RUNNERS, ids=lambda runner: runner.name)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Outcome]:
    reason = request.param.missing()
    if reason is not None:
        pytest.skip(f"{request.param.name}: {reason}")
    return request.param(tmp_path_factory.mktemp(request.param.name)).run
