# SPDX-License-Identifier: Apache-2.0
"""What the pages do beyond signing in, by a real `nephele` with settings in /etc/synnefo's form: reCAPTCHA before a
stand-in verifier, another e-mail address, feedback, the files and feeds of other programs, weblogin."""

import http.server
import json
import re
import threading
from urllib.parse import parse_qs, urlsplit

import pytest

from browser import Browser
from ports import free_port
from service import PASSWORD, ROOT, Service, wait_for
from test_pages import link, mails, sign_up_form

PRIVATE = "the-private-key-of-the-box"


class Verifier(http.server.BaseHTTPRequestHandler):
    """`siteverify`: right is whoever sends "solved"."""

    def do_POST(self):
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.server.asked.append(form)
        right = form.get("response") == ["solved"] and form.get("secret") == [PRIVATE]
        body = json.dumps({"success": right, "hostname": "127.0.0.1"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def verifier():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Verifier)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def site(verifier):
    with Service("pages") as made:
        settings = made.house.directory / "synnefo"
        settings.mkdir()
        (settings / "20-snf-astakos-app-settings.conf").write_text(f"""
ASTAKOS_RECAPTCHA_ENABLED = True
ASTAKOS_RECAPTCHA_PUBLIC_KEY = 'the-public-key'
ASTAKOS_RECAPTCHA_PRIVATE_KEY = '{PRIVATE}'
ASTAKOS_RECAPTCHA_VERIFY_URL = 'http://127.0.0.1:{verifier.server_address[1]}/siteverify'
ASTAKOS_MODERATION_ENABLED = False
ASTAKOS_EMAILCHANGE_ENABLED = True
ASTAKOS_GLOBAL_MESSAGES = [('warning', 'Closed <tomorrow>')]
ASTAKOS_PROFILE_EXTRA_LINKS = {{'https://news.example.org/': 'News'}}
ASTAKOS_FEEDBACK_SENT_MESSAGE = 'We read it.'
FEEDBACK_NOTIFICATIONS_RECIPIENTS = (('Help', 'help@example.org'),)
BRANDING_SERVICE_NAME = 'Test Cloud'
""")
        made.house.environment["SYNNEFO_SETTINGS_DIR"] = str(settings)
        made.house.environment["NEPHELE_IDENTITY_PORT"] = str(free_port())
        made.start()
        made.base = made.url.removesuffix("/identity")
        yield made


def browser(site):
    return Browser(site.base, box_from="https://www.google.com", links=("https://news.example.org/", "https://pypi.org/"))


def test_sign_up_asks_for_a_person(site, verifier):
    someone = browser(site)
    page = someone.get("/ui/signup")
    assert 'data-sitekey="the-public-key"' in page.text and PRIVATE not in page.text
    for answer in ({}, {"g-recaptcha-response": "guessed"}):
        page = someone.post("/ui/signup", sign_up_form("ada@example.org", **answer))
        assert page.status == 400 and "Please tick the box" in page.words()
    assert not mails(site, "ada@example.org")
    page = someone.post("/ui/signup", sign_up_form("ada@example.org", **{"g-recaptcha-response": "solved"}))
    assert page.status == 200 and "ada@example.org" in page.words()
    assert [form["response"] for form in verifier.asked] == [["guessed"], ["solved"]]
    assert verifier.asked[-1]["remoteip"] == ["127.0.0.1"]
    # Nothing is moderated here, so the link lets in at once.
    assert someone.get(link(site, "ada@example.org", "verification")).location == "/ui/landing?done=activated"
    assert someone.signed_in() and PRIVATE not in site.house.log()


def test_wrong_passwords_bring_the_box_up(site):
    someone = browser(site)
    assert "g-recaptcha" not in someone.get("/ui/login").text
    for _ in range(2):
        page = someone.sign_in("eve@example.org", "not her password")
    assert "g-recaptcha" in page.text
    page = someone.sign_in("eve@example.org", "not her password")
    assert page.status == 403 and "Please tick the box" in page.words()
    assert browser(site).sign_in("ada@example.org", PASSWORD).status == 303


def test_messages_and_links_of_the_site(site):
    someone = browser(site)
    someone.sign_in("ada@example.org", PASSWORD)
    page = someone.get("/ui/profile")
    assert "Closed <tomorrow>" in page.words() and "News" in page.words()
    assert "Test Cloud" in page.words("header")


def test_another_address(site):
    someone, elsewhere = browser(site), browser(site)
    someone.sign_in("ada@example.org", PASSWORD)
    wish = {"new_email_address": "countess@example.org", "password": PASSWORD}
    assert someone.post("/ui/email_change", {**wish, "password": "no"}).status == 400
    assert someone.post("/ui/email_change", wish).status == 200
    arrived = wait_for("the link", lambda: mails(site, "countess@example.org"), 30)
    notice = wait_for("the notice", lambda: [m for m in mails(site, "ada@example.org") if "change" in m["Subject"]], 30)
    assert "confirm" not in notice[0].get_content().replace("until the new address is confirmed", "")
    (url,) = re.findall(r"http://\S+/ui/email_change/confirm/\S+", arrived[0].get_content())
    path = url.removeprefix(site.base)
    elsewhere.sign_in(ROOT, PASSWORD)
    assert elsewhere.get(path).status == 403
    assert someone.get(path).location == "/ui/profile?done=email"
    assert someone.get(path).status == 404
    assert "countess@example.org" in someone.get("/ui/profile").words()
    assert browser(site).sign_in("countess@example.org", PASSWORD).status == 303
    assert path.rsplit("/", 1)[1] not in site.house.log().replace(path, "")


def test_feedback(site):
    someone = browser(site)
    someone.sign_in("countess@example.org", PASSWORD)
    assert "We read it." in someone.post("/ui/feedback", {"feedback_msg": "It is\nfine."}).words()
    (mail,) = wait_for("the mail", lambda: mails(site, "help@example.org"), 30)
    assert "It is\r\nfine." in mail.get_content() and "countess@example.org" in mail["Reply-To"]
    token = site.root
    answer = someone.client.post("/account/v1.0/feedback", data={"feedback_msg": "x\r\nBcc: evil@example.org"},
                                 headers={"X-Auth-Token": token})
    assert answer.status_code == 200 and not answer.content
    both = wait_for("both", lambda: len(mails(site, "help@example.org")) == 2 and mails(site, "help@example.org"), 30)
    assert all(mail["Bcc"] is None for mail in both)
    assert someone.client.post("/account/v1.0/feedback", data={}, headers={"X-Auth-Token": token}).status_code == 400


def test_kamakirc_and_weblogin(site):
    someone = browser(site)
    someone.sign_in("countess@example.org", PASSWORD)
    text = someone.client.get("/ui/.kamakirc").text
    assert "default_cloud = test_cloud" in text and f"url = {site.base}/identity/v2.0" in text
    token = re.search(r"token = (\S+)", text)[1]

    def works(token):
        said = site.ask("POST", "/v2.0/tokens", {"auth": {"token": {"id": token}}})
        return said.status_code == 200

    assert works(token)
    answer = someone.client.get("/weblogin/login", params={"next": "pithos://here/x?old=1"})
    assert answer.status_code == 302 and answer.headers["location"].startswith("pithos://here/x?uuid=")
    handed = parse_qs(urlsplit(answer.headers["location"]).query)
    assert works(handed["token"][0]) and works(token)
    someone.post("/ui/profile/update_token", page="/ui/api_access")
    assert not works(handed["token"][0]) and not works(token)
    assert handed["token"][0] not in site.house.log() and token not in site.house.log()


def test_feeds(site):
    someone = browser(site)
    assert someone.client.get("/ui/get_menu").json() == [{"url": site.base + "/ui/", "name": "Sign in"}]
    answer = someone.client.get("/ui/get_services", params={"callback": "bar.show"})
    assert answer.text == "/**/bar.show([]);" and answer.headers["content-type"].startswith("application/javascript")
    for hostile in ("<script>", "alert(1)//", "a\r\nX-Injected: 1", "a;b", "x" * 1000, "\u202e", "'"):
        answer = someone.client.get("/ui/get_menu", params={"callback": hostile})
        assert answer.status_code == 400 and "<script>" not in answer.text and "x-injected" not in answer.headers


@pytest.mark.parametrize("next", ["https://evil.org/", "javascript:alert(1)", "//evil.org", "pithos:\r\nX-Injected: 1",
                                  "pithosx://a", "data:text/html,x", "pithos://a\u202e", "\x00", "x" * 9000])
def test_no_token_leaves_by_weblogin(site, next):
    someone = browser(site)
    someone.sign_in("countess@example.org", PASSWORD)
    answer = someone.client.get("/weblogin/login", params={"next": next})
    assert answer.status_code in (400, 403, 414, 431) and "token=" not in answer.headers.get("location", "")
    assert "x-injected" not in answer.headers


HOSTILE = ["<script>alert(1)</script>", "a@b.org\r\nBcc: evil@example.org", "' OR '1'='1", "{{ url }}", "\u202e\x01",
           "x" * 20_000, "\ufffe"]


def test_hostile_forms(site):
    someone = browser(site)
    someone.sign_in("countess@example.org", PASSWORD)
    for text in HOSTILE:
        page = someone.post("/ui/email_change", {"new_email_address": text, "password": PASSWORD})
        assert page.status == 400 and "<script>" not in page.text, text[:40]
        page = someone.post("/ui/feedback", {"feedback_msg": text})
        assert page.status in (200, 400, 429) and "<script>" not in page.text, text[:40]
        page = someone.get("/ui/email_change/confirm/" + re.sub(r"[^\w]", "_", text)[:200])
        assert page.status == 404
    assert not mails(site, "evil@example.org")
    for mail in mails(site, "help@example.org"):
        assert mail["Bcc"] is None and mail["To"] == "Help <help@example.org>"


def test_a_box_that_cannot_be_checked_lets_nobody_in(site, verifier):
    verifier.shutdown()
    verifier.server_close()
    page = browser(site).post("/ui/signup", sign_up_form("bob@example.org", **{"g-recaptcha-response": "solved"}))
    assert page.status == 400 and "cannot be checked at the moment" in page.words()
