"""What pytest shows of a story that fails."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

TEST = """
    import pytest
    from swfsim import Story
    from swfsim.faults import fails
    from swfsim.pytest_plugin import tell
    from tests.support.shop import Shop, shopping

    @pytest.fixture
    def story(request):
        with Story(Shop, seed=request.config.getoption("--swf-seed")) as told:
            tell(request.node, told)
            yield told

    def test_goes_wrong(story):
        story.given(fails("Pack", "no paper"))
        story.when(shopping())
        story.then("Workflow → COMPLETED")
"""


IMPOSSIBLE = """
    from swfsim import fake_swf
    from tests.support.driver import Driver

    def test_passes_on_a_broken_history():
        with fake_swf(clock="virtual") as fake:
            swf = Driver(fake).register()
            swf.start()
            [x] = fake.service.machine.world.runs.values()
            x.events.instants[0] += 1
"""


def test_a_test_that_passes_on_a_history_that_cannot_be_fails(
    pytester: pytest.Pytester, pytestconfig: pytest.Config
) -> None:
    pytester.syspathinsert(pytestconfig.rootpath)
    pytester.makepyfile(IMPOSSIBLE)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["Amazon SWF never makes a history like that of order-1 (*"])


def test_a_failing_story_shows_seed_timeline_and_how_to_repeat_it(
    pytester: pytest.Pytester, pytestconfig: pytest.Config
) -> None:
    pytester.syspathinsert(pytestconfig.rootpath)
    pytester.makepyfile(TEST)
    result = pytester.runpytest_subprocess("--swf-seed", "7", "-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*story with seed 7*",
            "*operator*WorkflowExecutionStarted*",
            "*worker*ActivityTaskFailed Pack-1: no paper*",
            "repeat it: pytest '*::test_goes_wrong' --swf-seed 7",
        ]
    )
