# SPDX-License-Identifier: Apache-2.0
"""Sign-in by Shibboleth as the guide sets it up: the shipped site in Debian's own Apache with mod_shib and shibd, a real
`nephele` behind it, and people who say they are somebody else."""

import http.server
import json
import socket
import threading

import httpx
import pytest

from browser import Browser, Page
from federation import Apache, Shibd, vouch
from people import Site
from ports import free_port
from service import PASSWORD, ROOT

SECRET = "what-only-the-two-know"
SETTINGS = """
ASTAKOS_IM_MODULES = ['local', 'shibboleth']
ASTAKOS_MODERATION_ENABLED = False
BRANDING_SERVICE_NAME = 'Okeanos'
CONTACT_EMAIL = 'help@example.org'
"""
FORGED = {"eppn": "ada@uni.example", "REMOTE_USER": "ada@uni.example", "Shib-Session-ID": "_forged",
          "Shib-InetOrgPerson-displayName": "Eve Evil", "HTTP_EPPN": "ada@uni.example",
          "X-Shibboleth-Secret": SECRET, "Shib-Mail": "ada@uni.example", "HTTP_SHIB_MAIL": "ada@uni.example"}
TOKENS = ["eppn", "REMOTE_USER", "Shib-InetOrgPerson-givenName", "Shib-Person-surname", "Shib-Person-commonName",
          "Shib-InetOrgPerson-displayName", "Shib-EP-Affiliation", "Shib-Session-ID", "Shib-Mail"]
PATHS = ["/ui/login/shibboleth", "/im/login/shibboleth"]


@pytest.fixture(scope="module")
def shibd():
    with Shibd() as made:
        made.start()
        yield made


@pytest.fixture(scope="module")
def house(shibd):
    """A site and the Apache before it."""
    port = free_port()
    with Apache(shibd, port) as apache, Site("shib", SETTINGS, port=port, url=apache.url) as site:
        done = apache.check()
        assert done.returncode == 0 and "Syntax OK" in done.stderr, done.stderr
        site.start()
        apache.start()
        site.apache = apache
        yield site


def outside(house, **options):
    """A browser that knows Apache only."""
    return Browser(house.apache.url, verify=False, **options)


def come(browser, house, path="/ui/login/shibboleth", **attributes):
    vouch(browser, house.apache, **attributes)
    return browser.get(path)


def join(browser, house, path="/ui/login/shibboleth", **attributes):
    """Up to an account; the page of its profile."""
    page = come(browser, house, path, **attributes)
    assert page.location.startswith("/ui/signup?third_party_token="), (page.status, page.text)
    forward = browser.get(page.location).location
    form = browser.get(forward)
    fields = {element.get("name"): element.get("value") or "" for element in form.form("/ui/signup/third_party").iter()
              if element.tag.endswith("input")}
    answer = browser.client.post("/ui/signup/third_party", data=fields)
    assert "We sent a mail to" in answer.text, answer.text
    browser.get(house.link(fields["email"], house.apache.url))
    return browser.get("/ui/profile")


def test_the_guides_tokens_become_an_account(house):
    ada = outside(house)
    page = join(ada, house, "/im/login/shibboleth", eppn="ada@uni.example", givenName="Augusta", surname="Byron",
                displayName="Ada King Lovelace", affiliation=["staff", "member"], mail="ada@uni.example")
    words = page.words()
    assert "Shibboleth: ada@uni.example" in words and "staff;member" in words
    assert 'value="Ada"' in page.text and 'value="King Lovelace"' in page.text
    ((info,),) = house.rows("SELECT info FROM identity_way WHERE identifier = 'ada@uni.example'")
    info = json.loads(info)
    session = info["headers"]["Shib-Session-ID"]
    assert info["eppn"] == "ada@uni.example" and session.startswith("_")
    assert session not in house.house.log(100000), "kept, and never logged"
    # Both addresses, each with a browser of its own.
    for path in PATHS:
        assert come(outside(house), house, path, eppn="ada@uni.example").location == "/ui/landing"


def test_names_are_utf8(house):
    page = join(outside(house), house, eppn="zoe@uni.example", commonName="Ζωή Ώρα", mail="zoe@uni.example")
    assert 'value="Ζωή"' in page.text and 'value="Ώρα"' in page.text


def test_nobody_comes_in_without_the_institution(house):
    someone = outside(house)
    for path in [*PATHS, *[f"{path}/" for path in PATHS], "//ui/login/shibboleth", "/ui//login/shibboleth",
                 "/x/../ui/login/shibboleth", "/ui/login/%73hibboleth"]:
        answer = someone.client.get(path, headers=FORGED)
        # To the institution, if anywhere.
        assert answer.status_code in (302, 404), (path, answer.status_code, answer.text)
        if answer.status_code == 302:
            assert answer.headers["location"].startswith("https://idp.uni.example/idp/SSO?"), path
        assert "session" not in str(answer.headers.get_list("set-cookie")).replace("_shibs", ""), path
    assert not someone.signed_in()


def test_what_somebody_says_of_himself_is_taken_off(house):
    # With a session of his own: the institution's word, not his.
    eve = outside(house)
    vouch(eve, house.apache, eppn="eve@uni.example", mail="eve@uni.example")
    page = Page(eve.client.get("/ui/login/shibboleth", headers=FORGED))
    assert page.location.startswith("/ui/signup?third_party_token="), page.text
    assert [row for row in house.rows("SELECT identifier, email FROM identity_pending_way")] == [
        ("eve@uni.example", "eve@uni.example")]


def test_a_spelling_that_only_looks_alike_is_refused_by_mod_shib(house):
    eve = outside(house)
    vouch(eve, house.apache, eppn="eve@uni.example", mail="eve@uni.example")
    waiting = house.rows("SELECT COUNT(*), MAX(created_ms) FROM identity_pending_way")
    for name in ["Remote-User", "Shib_Mail", "Shib-Person_surname"]:
        answer = eve.client.get("/ui/login/shibboleth", headers={name: "ada@uni.example"})
        assert answer.status_code == 500 and "spoof" in answer.text, (name, answer.status_code)
    assert house.rows("SELECT COUNT(*), MAX(created_ms) FROM identity_pending_way") == waiting


def test_no_address_lets_forged_headers_through(shibd):
    """What arrives behind Apache, seen by a server that tells."""
    seen = []

    class Echo(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(self.headers.items())
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with Apache(shibd, server.server_port) as apache:
            apache.start()
            names = {*TOKENS, *("HTTP_" + name.upper().replace("-", "_") for name in TOKENS), *map(str.upper, TOKENS),
                     "X-Shibboleth-Secret", "X-Forwarded-For"}
            for path in ["/", "/ui/login", "/ui/login/local", "/identity/v3", "/im/", "/ui/profile"]:
                httpx.get(apache.url + path, headers={name: "192.0.2.66" for name in names}, verify=False)
    finally:
        server.shutdown()
        server.server_close()
    assert len(seen) == 6
    for headers in seen:
        assert dict(headers)["X-Forwarded-For"] == "127.0.0.1"
        assert not [name for name, value in headers if value == "192.0.2.66"], headers


def raw(port, source, headers):
    """A GET from an address of our choice: the status, and the whole answer."""
    with socket.create_connection(("127.0.0.1", port), 30, source_address=(source, 0)) as connection:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        connection.sendall(f"GET /ui/login/shibboleth HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{lines}\r\n"
                           .encode("latin-1"))
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return int(answer.split()[1]), answer.decode()


def test_who_goes_round_apache_is_refused(house):
    before = house.rows("SELECT COUNT(*) FROM identity_session")
    forged = {**FORGED, "X-Forwarded-For": "127.0.0.1"}
    status, answer = raw(house.port, "127.0.0.2", forged)
    assert status == 403 and "web server in front" in answer and "ada@uni.example" not in answer
    assert house.rows("SELECT COUNT(*) FROM identity_session") == before
    # Two spellings that disagree are nobody, even from where Apache is.
    status, answer = raw(house.port, "127.0.0.1", {"REMOTE_USER": "eve@uni.example", "HTTP_REMOTE_USER": "ada@uni.example"})
    assert status == 400 and "disagree" in answer


def test_a_secret_keeps_other_programs_of_the_machine_out(shibd):
    port = free_port()
    settings = SETTINGS + f"ASTAKOS_SHIBBOLETH_SECRET = '{SECRET}'\n"
    with Apache(shibd, port, secret=SECRET) as apache, Site("shib", settings, port=port, url=apache.url) as site:
        site.start()
        apache.start()
        site.apache = apache
        assert raw(port, "127.0.0.1", {"eppn": "ada@uni.example"})[0] == 403
        assert raw(port, "127.0.0.1", {"eppn": "ada@uni.example", "X-Shibboleth-Secret": "guessed"})[0] == 403
        ada = outside(site)
        for path in PATHS:
            assert come(ada, site, path, eppn="ada@uni.example").location.startswith("/ui/signup?")
        assert SECRET not in site.house.log(100000)


def test_what_the_institution_must_say(house):
    # Straight from where Apache is: mod_shib itself lets nobody through who has no name at all.
    status, answer = raw(house.port, "127.0.0.1", {"Shib-Session-ID": "_1"})
    assert status == 400 and "Missing unique token in request" in answer and "help@example.org" in answer
    # An old server's Latin-1.
    status, answer = raw(house.port, "127.0.0.1", {"eppn": "jose@uni.example", "Shib-Person-commonName": "Jos\xe9 Mu\xf1oz"})
    assert status == 303, answer
    assert house.rows("SELECT first_name, last_name FROM identity_pending_way WHERE identifier = 'jose@uni.example'") == [
        ("José", "Muñoz")]


def test_a_local_account_gets_the_institution_as_one_more_way(house):
    root = outside(house)
    assert root.sign_in(ROOT, PASSWORD).status == 303
    page = come(root, house, eppn="root@uni.example")
    assert page.location.startswith("/ui/add_auth_provider?token="), page.text
    assert not [module for module, _ in house.rows("SELECT module, account_id FROM identity_way WHERE identifier ="
                                                   " 'root@uni.example'")], "not without his word"
    token = page.location.split("=", 1)[1]
    assert "root@uni.example" in root.get(page.location).words()
    page = root.post("/ui/add_auth_provider", {"token": token}, page=page.location)
    assert page.location == "/ui/profile?done=way-added"
    assert come(outside(house), house, eppn="root@uni.example").location == "/ui/landing"
    # Ada's is hers.
    page = come(root, house, eppn="ada@uni.example")
    assert page.status == 409 and "already in use by another account" in page.words()
