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
