# SPDX-License-Identifier: Apache-2.0
"""OAuth2 as a program and a user's browser do it, with clients that snf-manage made; and what nobody should send."""

import base64
import hashlib
import os
import pathlib
import secrets
import subprocess
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest

from browser import Browser, Page
from cloud import PROGRAM
from service import PASSWORD, ROOT, Service

MANAGE = os.environ.get("NEPHELE_MANAGE_PROGRAM", str(pathlib.Path(PROGRAM).with_name("snf-manage")))
VIEW = "https://files.example.org/view"
SECRET = "a-secret-of-files"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def site(request):
    with Service("oauth2", postgres=request.param == "postgresql") as made:
        made.start()
        made.base = made.url.removesuffix("/identity")
        manage(made, "oauth2-client-add", "files", "--secret", SECRET, "--is-trusted", "--url", VIEW)
        manage(made, "oauth2-client-add", "game", "--secret", "a-secret-of-game", "--type", "confidential", "--url", VIEW,
               "--url", "https://game.example.org/back")
        manage(made, "oauth2-client-add", "phone", "--type", "public", "--is-trusted", "--url", "http://127.0.0.1:7777/cb")
        yield made


def manage(site, *words, check=True):
    done = subprocess.run([MANAGE, *words], capture_output=True, text=True, timeout=60,
                          env={**site.house.environment, "NEPHELE_DATA": str(site.house.data),
                               "SYNNEFO_SETTINGS_DIR": str(site.house.directory / "none")})
    if check:
        assert done.returncode == 0, done.stderr
    return done


def signed_in(site):
    someone = Browser(site.base)
    assert someone.sign_in(ROOT, PASSWORD).status == 303
    return someone


def ask(someone, client="files", redirect=VIEW, **more):
    query = {"response_type": "code", "client_id": client, "redirect_uri": redirect, **more}
    return someone.client.get("/oauth2/auth", params={k: v for k, v in query.items() if v is not None})


def parts(answer, after_a_form=False):
    assert answer.status_code == (200 if after_a_form else 302), answer.text
    url = urlsplit(Page(answer, links=(VIEW,)).location)
    return {name: values[0] for name, values in parse_qs(url.query).items()}


def exchange(site, code, auth=("files", SECRET), redirect=VIEW, **more):
    body = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, **more}
    return httpx.post(site.base + "/oauth2/token/", data={k: v for k, v in body.items() if v is not None}, auth=auth,
                      timeout=60)


def look(site, token, **query):
    return httpx.get(f"{site.base}/identity/v2.0/tokens/{token}", params=query, timeout=60)


def test_the_verbs(site):
    rows = manage(site, "oauth2-client-list", "--output-format", "json").stdout
    assert [name in rows for name in ("files", "game", "phone")] == [True] * 3 and SECRET not in rows
    assert "files" not in manage(site, "oauth2-client-list", "--public").stdout
    assert "https://game.example.org/back" in manage(site, "oauth2-client-list", "-o", "identifier,redirect_urls").stdout
    for words in (("files", "--secret", SECRET, "--url", VIEW), ("x", "--secret", "s", "--url", "http://a.example.org/"),
                  ("x", "--url", VIEW), ("x", "--secret", "s"), ("a b", "--secret", "s", "--url", VIEW),
                  ("x", "--secret", "s", "--url", VIEW, "--type", "odd")):
        done = manage(site, "oauth2-client-add", *words, check=False)
        assert done.returncode != 0 and done.stderr, words
    manage(site, "oauth2-client-add", "short-lived", "--secret", "12345", "--url", VIEW)
    manage(site, "oauth2-client-remove", "short-lived")
    assert manage(site, "oauth2-client-remove", "short-lived", check=False).returncode != 0


def test_from_the_question_to_the_token(site):
    someone = Browser(site.base)
    away = ask(someone, scope="/ada/photo.jpg", state="a&b").headers["location"]
    assert away.startswith("/ui/login?next=%2Foauth2%2Fauth")
    next = parse_qs(urlsplit(away).query)["next"][0]
    back = someone.post("/ui/login", {"username": ROOT, "password": PASSWORD, "next": next}, page=away).location
    assert back == next
    said = parts(someone.client.get(back))
    assert said["state"] == "a&b"
    answer = exchange(site, said["code"])
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
    granted = answer.json()
    assert granted["token_type"] == "Bearer" and granted["expires_in"] == 20
    token = granted["access_token"]
    known = look(site, token, belongsTo="/ada/photo.jpg")
    assert known.status_code == 200 and known.json()["access"]["user"]["id"] == site.root.said["user"]["id"]
    assert "serviceCatalog" not in known.json()["access"]
    assert look(site, token, belongsTo="/bob").status_code == 404
    # It opens nothing else.
    assert site.ask("GET", "/v3/auth/tokens", token=token, headers={"X-Subject-Token": token}).status_code == 401
    assert site.ask("POST", "/v2.0/tokens", {"auth": {"token": {"id": token}}}).status_code == 401
    again = exchange(site, said["code"])
    assert again.status_code == 400 and again.json()["error"] == "invalid_grant"
    assert look(site, token).status_code == 404
    for secret in (said["code"], SECRET, token):
        assert secret not in site.house.log()


def test_logout_ends_it(site):
    someone = signed_in(site)
    token = exchange(site, parts(ask(someone))["code"]).json()["access_token"]
    assert look(site, token).status_code == 200
    someone.post("/ui/logout", page="/ui/profile")
    assert look(site, token).status_code == 404


def test_strangers_need_a_yes(site):
    someone = signed_in(site)
    page = someone.get("/oauth2/auth", params={"response_type": "code", "client_id": "game", "redirect_uri": VIEW,
                                               "scope": "<script>alert(1)</script>", "state": "\"><b>"})
    assert page.status == 200 and "game" in page.words() and "<script>" not in page.text
    fields = {element.get("name"): element.get("value") for element in page.form("/oauth2/auth").iter()
              if element.get("name") and element.get("type") == "hidden"}
    refused = someone.client.post("/oauth2/auth", data={**fields, "decision": "deny"})
    assert parts(refused, after_a_form=True)["error"] == "access_denied"
    assert someone.client.post("/oauth2/auth", data={**fields, "csrf_token": "", "decision": "allow"}).status_code == 403
    granted = parts(someone.client.post("/oauth2/auth", data={**fields, "decision": "allow"}), after_a_form=True)
    assert granted["state"] == "\"><b>"
    assert exchange(site, granted["code"], auth=("game", "a-secret-of-game")).status_code == 200


def test_pkce(site):
    someone = signed_in(site)
    verifier = secrets.token_urlsafe(40)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    home = "http://127.0.0.1:7777/cb"
    pkce = {"code_challenge": challenge, "code_challenge_method": "S256"}
    assert parts(ask(someone, "phone", home))["error"] == "invalid_request"
    for wrong in ({}, {"code_verifier": secrets.token_urlsafe(40)}, {"code_verifier": ""}):
        code = parts(ask(someone, "phone", home, **pkce))["code"]
        assert exchange(site, code, None, home, client_id="phone", **wrong).status_code == 400
    code = parts(ask(someone, "phone", home, **pkce))["code"]
    assert exchange(site, code, None, home, client_id="phone", code_verifier=verifier).status_code == 200


HOSTILE = ["https://evil.org/", VIEW + "/", VIEW + "?x=1", VIEW + "/../evil", VIEW + "#x", "//evil.org", "/ui/", "javascript:alert(1)",
           "https://files.example.org@evil.org/view", VIEW + "\r\nX-Injected: 1", "<script>", "\u202e", "x" * 5001, "' OR 1=1 --"]


@pytest.mark.parametrize("redirect", HOSTILE)
def test_nobody_is_sent_elsewhere(site, redirect):
    answer = ask(signed_in(site), redirect=redirect)
    assert answer.status_code in (400, 414, 431) and "location" not in answer.headers and "x-injected" not in answer.headers
    if answer.status_code == 400:
        assert answer.json()["error"] == "generic_error"


def test_hostile_words(site):
    someone = signed_in(site)
    for text in HOSTILE[7:] + ["", "a\tb", "\U0001f600" * 100]:
        assert ask(someone, client=text).status_code in (400, 414, 431), text[:40]
        said = ask(someone, state=text, scope=text)
        assert said.status_code in (302, 400, 414, 431), text[:40]
        if said.status_code == 302:
            assert said.headers["location"].startswith(VIEW + "?") and "x-injected" not in said.headers
        assert exchange(site, text).status_code == 400
        assert exchange(site, "x", auth=None, client_id=text).status_code in (400, 401)
        assert look(site, quote(text, safe="") or "%20").status_code in (404, 414, 431)
    for raw in ("%ff", "%00", "%c0%af", "..%2f..", "%zz"):
        assert httpx.get(f"{site.base}/identity/v2.0/tokens/{raw}", timeout=60).status_code in (400, 404)
        assert httpx.get(f"{site.base}/oauth2/auth?client_id={raw}&redirect_uri={raw}", timeout=60).status_code == 400
    for kind, body in (("application/json", b"{}"), ("text/plain", b"grant_type=authorization_code"), ("", b""),
                       ("application/x-www-form-urlencoded", b"%"), ("application/x-www-form-urlencoded", b"a&" * 5000),
                       ("application/x-www-form-urlencoded", b"grant_type=password&username=a&password=b")):
        answer = httpx.post(site.base + "/oauth2/token", content=body, headers={"Content-Type": kind}, timeout=60)
        assert answer.status_code == 400 and "error" in answer.json(), (kind, body[:40])
    for header in ("Basic", "Basic !!!", "Bearer x", "Basic " + base64.b64encode(b"files").decode(), "Basic Og=="):
        answer = httpx.post(site.base + "/oauth2/token", data={"grant_type": "authorization_code", "code": "x"},
                            headers={"Authorization": header}, timeout=60)
        assert answer.status_code == 401, header


def test_guessed_secrets_are_slowed(site):
    code = parts(ask(signed_in(site)))["code"]
    answers = [exchange(site, code, auth=("game", f"guess{n}")).status_code for n in range(8)]
    assert set(answers) <= {401, 429}
    # Guesses at one client use nothing up of another's.
    assert exchange(site, code).status_code == 200
