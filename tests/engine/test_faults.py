# SPDX-License-Identifier: Apache-2.0
"""Each call that a request makes to OpenNebula goes wrong in each way, or the engine is killed during it: the answer is
one of the contract, nothing stays behind after one more try, and no secret is written anywhere."""

import pytest
from lanes import REQUESTS, Lanes, faults_of


@pytest.fixture(scope="module", params=["6.8.0", "7.4.0"])
def lanes(request):
    made = Lanes(6, request.param)
    yield made
    made.close()


def matrix(lanes, request):
    """[(which half, (request, call, fault)), ...]: each half has every call, and every fault at every other one."""
    return [((at + number) % 2, (request, call, fault))
            for at, call in enumerate(lanes.all[0].calls_of(request))
            for number, fault in enumerate(faults_of(*call[:2]))]


def judge(lanes, tries):
    assert tries
    outcomes = lanes.run(tries)
    print(*(outcome.line() for outcome in outcomes), sep="\n")
    bad = [outcome.line() for outcome in outcomes if outcome.problems]
    lanes.secrets()
    assert not bad, "\n".join(bad)
    assert [trouble for lane in lanes.all for trouble in lane.one.troubles()] == []


@pytest.mark.parametrize("name", REQUESTS)
def test_half_of_every_call(lanes, name):
    judge(lanes, [each for half, each in matrix(lanes, REQUESTS[name]) if half == 0])


@pytest.mark.slow
@pytest.mark.parametrize("name", REQUESTS)
def test_the_other_half(lanes, name):
    judge(lanes, [each for half, each in matrix(lanes, REQUESTS[name]) if half == 1])
