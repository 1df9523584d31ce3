# SPDX-License-Identifier: Apache-2.0
"""The web pages of a real `nephele`, as people use them and as nobody should."""

import email
import email.policy
import json
import os
import re
import socket
import sqlite3
import subprocess
from urllib.parse import quote, urlsplit

import pytest

from browser import Browser
from ports import free_port
from service import PASSWORD, ROOT, Service, wait_for

NEW_PASSWORD = "battery-staple-moon"


@pytest.fixture(scope="module")
def site():
    with Service("pages") as made:
        # The port stands in the links of mails.
        made.house.environment["NEPHELE_IDENTITY_PORT"] = str(free_port())
        made.start()
        made.base = made.url.removesuffix("/identity")
        yield made


def browser(site):
    return Browser(site.base)


def mails(site, address):
    """What was sent to an address, the oldest first."""
    found = []
    for path in sorted((site.house.data / "mails").glob("*.eml")):
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        if address in mail["To"]:
            found.append(mail)
    return found


def link(site, address, subject):
    """The link in the first mail to somebody with these words in its subject."""
    arrived = wait_for(f"a mail to {address}", lambda: [m for m in mails(site, address) if subject in m["Subject"]], 30)
    (url,) = re.findall(r"http://\S+auth=\S+", arrived[0].get_content())
    assert url.startswith(site.base + "/ui/"), url
    return url.removeprefix(site.base)


def in_database(site, statement, *values):
    """What the administrator's verbs write."""
    with sqlite3.connect(site.house.data / "nephele.db", timeout=30) as database:
        assert database.execute(statement, values).rowcount == 1
    database.close()


def accept(site, address):
    in_database(site, "UPDATE identity_account SET enabled = 1, moderated = 1, version = version + 1,"
                      " accepted_policy = 'manual' WHERE email = ? AND email_verified = 1", address)


def add_terms(site, number, text):
    in_database(site, "INSERT INTO identity_terms (id, location, content, content_hash, created_ms)"
                      " VALUES (?, '/terms.html', ?, 'x', 1700000000000)", number, text)


def sign_up_form(address, **more):
    return {"email": address, "first_name": "Ada", "last_name": "Lovelace", "password1": PASSWORD,
            "password2": PASSWORD, **more}


def test_from_sign_up_to_new_terms(site):
    someone = browser(site)
    assert someone.get("/").location == "/ui/" and someone.get("/ui/").location == "/ui/login"
    page = someone.post("/ui/signup", sign_up_form("ada@example.org"))
    assert page.status == 200 and "ada@example.org" in page.words()
    assert "not verified yet" in someone.sign_in("ada@example.org", PASSWORD).words()
    address = link(site, "ada@example.org", "verification")
    assert "pending moderation" in someone.get(address).text
    assert "Invalid or already used activation key." in someone.get(address).words()
    assert "pending moderation" in someone.sign_in("ada@example.org", PASSWORD).words()

    accept(site, "ada@example.org")
    assert someone.get("/ui/profile").location == "/ui/login?next=%2Fui%2Fprofile"
    assert someone.sign_in("ada@example.org", PASSWORD, next="/ui/profile").location == "/ui/profile"
    page = someone.get("/ui/profile")
    assert "Accepted/Active (manually accepted)" in page.words() and "ada@example.org" in page.words("header")
    assert "Only in this browser." in page.words()
    someone.post("/ui/profile", {"first_name": "Augusta <Ada>", "last_name": "King"})
    assert "Welcome, Augusta <Ada>." in someone.get("/ui/landing").words()

    # A new password ends the other sessions, and this one goes on.
    other = browser(site)
    other.sign_in("ADA@example.org", PASSWORD)
    assert other.signed_in() and "In 2 browsers" in someone.get("/ui/profile").words()
    change = {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    assert someone.post("/ui/password_change", change).location == "/ui/profile?done=password"
    assert someone.signed_in() and not other.signed_in()
    assert other.sign_in("ada@example.org", PASSWORD).status == 403
    assert other.sign_in("ada@example.org", NEW_PASSWORD).status == 303
    someone.post("/ui/profile/end_sessions", page="/ui/profile")
    assert someone.signed_in() and not other.signed_in()

    # Terms are in the footer once they exist, and everybody is asked again for new ones.
    for each in (someone.get("/ui/profile"), browser(site).get("/ui/login"), browser(site).get("/ui/none")):
        assert "Terms" not in each.words("footer")
    for number, text in enumerate(["<h2>Be kind</h2>", "<h2>Be kinder</h2>"], start=1):
        add_terms(site, number, text)
        assert "Terms" in browser(site).get("/ui/login").words("footer")
        assert "Terms" in browser(site).get("/ui/none").words("footer")
        page = someone.get("/ui/profile")
        assert page.location == "/ui/approval_terms?next=%2Fui%2Fprofile"
        assert text[4:-5] in someone.get(page.location).words()
        refused = someone.post("/ui/approval_terms", page=page.location)
        assert "Please, you need to 'Agree with the terms' before proceeding." in refused.words()
        agreed = someone.post("/ui/approval_terms", {"has_signed_terms": "on", "next": "/ui/profile"}, page=page.location)
        assert agreed.location == "/ui/profile" and someone.signed_in()
    assert "Be kind " in someone.get("/ui/approval_terms/1").words()

    assert someone.post("/ui/logout", page="/ui/profile").location == "/ui/login?done=signed-out"
    assert not someone.signed_in()


def test_forgotten_password(site):
    someone = browser(site)
    words = {someone.post("/ui/local/password_reset", {"email": who}).words() for who in ("ada@example.org", "no@example.org")}
    assert len(words) == 1
    address = link(site, "ada@example.org", "Password reset")
    code = address.partition("auth=")[2]
    fields = {"auth": code, "new_password1": PASSWORD, "new_password2": PASSWORD}
    page = someone.post("/ui/local/password_reset/confirm", {**fields, "new_password2": "x"}, page=address)
    assert page.status == 400 and "the two passwords differ" in page.words()
    assert someone.post("/ui/local/password_reset/confirm", fields, page=address).location == "/ui/login?done=password"
    assert someone.get(address).status == 404
    assert someone.sign_in("ada@example.org", PASSWORD).status == 303
    assert code not in site.house.log()


def test_a_token_for_programs(site):
    someone = browser(site)
    someone.sign_in("ada@example.org", PASSWORD)
    text = someone.post("/ui/api_access").text
    token = re.search(r"OS_TOKEN=&#39;([\w-]+)&#39;", text)[1]
    said = site.ask("GET", "/v3/auth/tokens", token=token, headers={"X-Subject-Token": token})
    assert said.status_code == 200 and said.json()["token"]["user"]["name"] == "ada@example.org"
    assert token not in someone.get("/ui/api_access").text and token not in site.house.log()


def test_the_environment_for_openstack(site):
    """What the page shows is what a shell takes and Debian's client works with."""
    someone = browser(site)
    someone.sign_in("ada@example.org", PASSWORD)
    page = someone.post("/ui/api_access")
    with_token, with_password = ["".join(pre.itertext()) for pre in page.all("pre") if "OS_AUTH_TYPE" in "".join(pre.itertext())]
    for lines, given in ((with_token, ""), (with_password, PASSWORD + "\n")):
        done = subprocess.run(["bash", "-c", lines + "openstack token issue -f json"], input=given, capture_output=True,
                              text=True, timeout=120, env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8",
                                                           "HOME": str(site.house.directory)})
        assert done.returncode == 0, (lines, done.stderr)
        assert json.loads(done.stdout)["user_id"], done.stdout


def test_cookies_are_strict(site):
    someone = browser(site)
    answer = someone.sign_in(ROOT, PASSWORD).answer
    cookies = answer.headers.get_list("set-cookie")
    assert [cookie.split("=")[0] for cookie in cookies] == ["nephele-session", "nephele-form", "astakos_last_login_method"]
    for cookie in cookies:
        assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie and "Domain" not in cookie
        assert ("Secure" in cookie) == site.base.startswith("https:")
    session = someone.client.cookies["nephele-session"]
    stored = sqlite3.connect(site.house.data / "nephele.db").execute("SELECT id FROM identity_session").fetchall()
    assert stored and all(session not in row[0] for row in stored)


def test_the_style_sheet(site):
    someone = browser(site)
    (sheet,) = [e.get("href") for e in someone.get("/ui/login").all("link") if e.get("rel") == "stylesheet"]
    first = someone.client.get(sheet)
    assert first.status_code == 200 and first.headers["content-type"].startswith("text/css")
    again = someone.client.get(sheet, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304 and not again.content and not first.headers["etag"].startswith("W/")


# ---- what nobody should send ---------------------------------------------------------------------------------------

FORMS = {
    "/ui/login": ["username", "password", "next"],
    "/ui/signup": ["email", "first_name", "last_name", "password1", "password2", "provider"],
    "/ui/local/password_reset": ["email"],
    "/ui/profile": ["first_name", "last_name"],
    "/ui/password_change": ["old_password", "new_password1", "new_password2"],
}
TEXTS = ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "a@b.org\r\nBcc: evil@example.org", "{{7*7}}",
         "\u202e\u0001\x1b[31m", "' OR '1'='1", "a@b.org%0d%0aX: 1", "x" * 20_000, "\U0001f600" * 50, "\ufffe", "//evil.org",
         "https://evil.org/"]


@pytest.mark.parametrize("path", FORMS)
def test_hostile_fields(site, path):
    someone = browser(site)
    if path in ("/ui/profile", "/ui/password_change"):
        assert someone.sign_in("ada@example.org", PASSWORD).status == 303
    for text in TEXTS:
        page = someone.post(path, dict.fromkeys(FORMS[path], text))
        assert page.status in (200, 303, 400, 403, 413, 429), (path, text[:40], page.status)
        assert page.location.startswith("/ui/") or not page.location, (path, text, page.location)
        assert "evil" not in page.location and "x-injected" not in page.answer.headers
        for raw in ("<script>", "<img"):
            assert raw not in page.text
        if path == "/ui/login" and page.status == 429:
            break
    someone = browser(site) if path == "/ui/login" else someone
    token = someone.token(path)
    for body in (b"csrf_token=" + token.encode() + b"&username=%ff%fe&email=%c0%af&first_name=%ff&last_name=%ed%a0%80",
                 b"csrf_token=" + token.encode() + b"&first_name=\xff\xfe&last_name=\x80", b"&&&=&==&%", b"\xff" * 500,
                 b"a" * 100_000, b"username=" + b"a" * 100_000, b"a&" * 5000):
        answer = someone.client.post(path, content=body, headers={"Content-Type": "application/x-www-form-urlencoded"})
        assert answer.status_code in (200, 303, 400, 403, 413, 429), (path, body[:60], answer.status_code)
    for kind in ("text/plain", "application/json", "multipart/form-data; boundary=x", ""):
        assert someone.client.post(path, content=b"x", headers={"Content-Type": kind}).status_code == 400


def test_hostile_addresses(site):
    someone = browser(site)
    for text in TEXTS[:-4] + ["\x00", "../../etc/passwd"]:
        raw = quote(text.encode("utf-8", "surrogatepass"), safe="")[:2000]
        for path in ("/ui/login?next=", "/ui/activate?auth=", "/ui/approval_terms?next=", "/ui/login?done=",
                     "/ui/local/password_reset/confirm?auth=", "/ui/", "/ui/approval_terms/", "/ui/send/activation/"):
            page = someone.get(path + raw)
            assert page.status < 500 and "<script>" not in page.text, (path, text, page.status)
    for raw in ("%ff", "%", "%zz", "%c0%af"):
        assert someone.get("/ui/" + raw).status == 404
        assert someone.get("/ui/login?next=" + raw).status == 200


@pytest.mark.parametrize("next", ["//evil.org", "https://evil.org/", "/\\evil.org", "javascript:alert(1)", "/a\r\nX-A: 1"])
def test_no_way_out(site, next):
    someone = browser(site)
    assert someone.sign_in(ROOT, PASSWORD, next=next).location == "/ui/landing"
    assert someone.get("/ui/login", params={"next": next}).location == "/ui/landing"
    assert someone.post("/ui/logout", {"next": next}).location == "/ui/login?done=signed-out"


def test_forms_of_others(site):
    someone = browser(site)
    fields = {"username": ROOT, "password": PASSWORD}
    for headers in ({"Origin": "https://evil.org"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        page = someone.post("/ui/login", fields, headers=headers)
        assert page.status == 403 and "not sent from a page of ours" in page.words()
    assert someone.post("/ui/login", {**fields, "csrf_token": ""}).status == 403
    other = browser(site)
    assert other.post("/ui/login", {**fields, "csrf_token": someone.token("/ui/login")}).status == 403
    assert not someone.signed_in() and not other.signed_in()
    ours = {"Origin": site.base, "Sec-Fetch-Site": "same-origin"}
    assert someone.post("/ui/login", fields, headers=ours).status == 303


def test_headers_that_no_browser_sends(site):
    url = urlsplit(site.base)
    for line in (b"User-Agent: <script>\x01", b"Cookie: nephele-session=" + b"\xff" * 200 + b"; nephele-form=<b>",
                 b"Cookie: " + b"a=b; " * 1000, b"Cookie: =;;;=; nephele-session", b"Origin: \xff", b"Host: <script>"):
        with socket.create_connection((url.hostname, url.port), timeout=30) as connection:
            connection.sendall(b"GET /ui/login HTTP/1.1\r\nConnection: close\r\n" + line +
                               (b"" if line.startswith(b"Host") else b"\r\nHost: x") + b"\r\n\r\n")
            answer = b""
            while part := connection.recv(65536):
                answer += part
        assert int(answer.split()[1]) < 500 and b"<script>" not in answer, line


def test_two_processes_see_the_same_sessions():
    with Service("pages", postgres=True) as first, Service("pages", beside=first) as second:
        first.start()
        second.start()
        # Cookies do not tell ports apart, so one browser has one session at both.
        here = Browser(first.url.removesuffix("/identity"))
        there = Browser(second.url.removesuffix("/identity"), cookies=here.client.cookies.jar)
        assert here.sign_in(ROOT, PASSWORD).status == 303
        assert here.signed_in() and there.signed_in()
        assert there.post("/ui/logout", page="/ui/profile").status == 303
        assert not here.signed_in()
        assert here.sign_in(ROOT, PASSWORD).status == 303 and there.signed_in()
        first.house.run("account", "password", ROOT, input=NEW_PASSWORD + "\n")
        assert not there.signed_in() and not here.signed_in()
