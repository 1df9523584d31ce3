# SPDX-License-Identifier: Apache-2.0
"""A POST that is repeated with its Idempotency-Key: one runtime, whatever happened to the first answer."""

import json

from checks import ITEMS, nothing_left, spec
from opennebula.control_client import ALICE, BOB
from test_callers import at_once

FAILS = {"SERVERLESS_RUNTIME": {"FAAS": {"FLAVOUR": "FAILED_DEPLOY"}}}


def post(client, key, body=None):
    return client.post(ITEMS, json=body or spec(NAME="once"), headers={"Idempotency-Key": key})


def clean(one, client, *answers):
    for id in {answer.json()["SERVERLESS_RUNTIME"]["ID"] for answer in answers}:
        assert client.delete(f"{ITEMS}/{id}").status_code == 204
    nothing_left(one)


def test_the_same_request_has_the_same_answer(one, engine, alice):
    first, again = post(alice, "k1"), post(alice, "k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert len(one.services()) == 1
    clean(one, alice, first)


def test_another_body_under_the_same_key_is_refused(one, engine, alice):
    first = post(alice, "k2")
    other = post(alice, "k2", spec(NAME="twice"))
    assert other.status_code == 422, other.text
    assert other.json()["error"] == "Idempotency-Key was used for another request"
    clean(one, alice, first)


def test_keys_are_per_user(one, engine, alice):
    with engine.client(BOB) as bob:
        mine, his = post(alice, "k3"), post(bob, "k3")
        assert mine.json()["SERVERLESS_RUNTIME"]["ID"] != his.json()["SERVERLESS_RUNTIME"]["ID"]
        assert bob.delete(f"{ITEMS}/{his.json()['SERVERLESS_RUNTIME']['ID']}").status_code == 204
    clean(one, alice, mine)


def test_many_at_once_make_one_runtime(one, engine, alice):
    one.set(flow_deploy=0.5)
    answers = at_once(*[lambda: post(alice, "k4")] * 6)
    assert {answer.status_code for answer in answers} == {201}
    assert len({json.dumps(answer.json()) for answer in answers}) == 1
    assert len(one.services()) == 1
    clean(one, alice, answers[0])


def test_a_create_that_failed_may_be_tried_again_at_once(one, engine, alice):
    for _ in range(2):
        assert post(alice, "k5", FAILS).status_code == 500
    assert len([call for call in one.calls() if call.endswith("instantiate")]) == 2
    nothing_left(one)


def test_an_answer_outlives_a_kill(one, new_engine):
    engine = new_engine()
    with engine.client(ALICE) as alice:
        first = post(alice, "k6")
    engine.kill()
    engine.start()
    with engine.client(ALICE) as alice:
        assert post(alice, "k6").json() == first.json()
        clean(one, alice, first)
