# SPDX-License-Identifier: Apache-2.0
"""What all ways to sign in have in common: what a browser remembers, one way in the place of another, the box against bots,
and what a directory alone decides. A real `nephele` before Debian's slapd; this test says what a federation's web server
would."""

import re

import pytest

from people import Site
from servers import Slapd
from test_accounts_pages import PRIVATE, verifier  # noqa: F401 (a fixture)
from test_oauth2 import manage

BOX = "https://www.google.com"
SETTINGS = """
ASTAKOS_IM_MODULES = ['local', 'ldap', 'shibboleth']
ASTAKOS_MODERATION_ENABLED = False
ASTAKOS_EMAILCHANGE_ENABLED = True
ASTAKOS_AUTH_PROVIDERS_SWITCH_POLICY = True
ASTAKOS_AUTH_PROVIDER_LDAP_AUTOVERIFY_POLICY = True
ASTAKOS_AUTH_PROVIDER_LDAP_USER_ATTR_MAP = {
    'email': ('mail', False), 'first_name': ('givenName', False), 'last_name': ('sn', False)}
"""


@pytest.fixture(scope="module")
def site(verifier):  # noqa: F811
    with Slapd({"ada": "Lovelace", "bob": "Builder", "eve": "Evans", "tom": "Turner"}) as directory:
        settings = SETTINGS + directory.astakos() + f"""
ASTAKOS_RECAPTCHA_ENABLED = True
ASTAKOS_RECAPTCHA_PUBLIC_KEY = 'the-public-key'
ASTAKOS_RECAPTCHA_PRIVATE_KEY = '{PRIVATE}'
ASTAKOS_RECAPTCHA_VERIFY_URL = 'http://127.0.0.1:{verifier.server_address[1]}/siteverify'
"""
        with Site("ways", settings) as made:
            yield made.start()


def browser(site):
    return site.browser(box_from=BOX)


def by_ldap(someone, name, **more):
    return someone.post("/ui/login/ldap", {"username": name, "password": f"{name}-password", **more})


def by_shibboleth(someone, eppn, path="/ui/login/shibboleth"):
    return someone.get(path, headers={"eppn": eppn, "Shib-InetOrgPerson-displayName": "Zoe Zack", "Shib-Mail": eppn})


def zoe(site, eppn):
    """Somebody who comes by the federation and has an account by it."""
    someone = browser(site)
    page = by_shibboleth(someone, eppn)
    token = page.location.split("=", 1)[1]
    forward = someone.get(page.location).location
    done = someone.post("/ui/signup/third_party", {"third_party_token": token, "email": eppn, "first_name": "Zoe",
                                                   "last_name": "Zack"}, page=forward)
    assert done.status == 200, done.text
    assert someone.get(site.link(eppn)).location.startswith("/ui/landing")
    return someone


def remembered(someone):
    return someone.client.cookies.get("astakos_last_login_method")


def way_of(site, address, module):
    ((way,),) = site.rows("SELECT w.id FROM identity_way w JOIN identity_account a ON a.id = w.account_id"
                          " WHERE a.email = ? AND w.module = ?", address, module)
    return way


def test_the_browser_remembers_by_which_way_it_came(site):
    someone = zoe(site, "zoe@uni.example")
    assert remembered(someone) == "shibboleth", "the link in the mail has let in who comes by nothing else"
    someone.post("/ui/logout", page="/ui/profile")
    assert by_shibboleth(someone, "zoe@uni.example").location == "/ui/landing"
    assert remembered(someone) == "shibboleth"
    out = someone.post("/ui/logout", page="/ui/profile")
    page = someone.get(out.location)
    assert "Logged out successfully" in page.words() and "still be signed in at Shibboleth" in page.words()
    assert "Shibboleth (as the last time)" in page.words() and "LDAP (as" not in page.words()
    # The directory keeps no session, nor do we for somebody else.
    assert by_ldap(someone, "ada").location == "/ui/landing" and remembered(someone) == "ldap"
    page = someone.get(someone.post("/ui/logout", page="/ui/profile").location)
    assert "Logged out successfully" in page.words() and "still be" not in page.words()
    someone.client.cookies.set("astakos_last_login_method", "<script>", domain="127.0.0.1")
    assert "script" not in someone.get("/ui/login?done=signed-out").text.replace("script-src", "")


def test_one_account_of_a_way_takes_the_place_of_another(site):
    someone = zoe(site, "zeno@uni.example")
    way = way_of(site, "zeno@uni.example", "shibboleth")
    profile = someone.get("/ui/profile")
    assert f"/ui/login/shibboleth?switch_from={way}" in profile.text
    page = by_shibboleth(someone, "zeno@work.example", f"/ui/login/shibboleth?switch_from={way}")
    assert re.fullmatch(rf"/ui/add_auth_provider\?token=[^&]+&switch_from={way}", page.location), page.location
    asked = someone.get(page.location)
    assert "zeno@work.example" in asked.words() and "will not any more" in asked.words()
    assert site.ways_of("zeno@uni.example") == [("shibboleth", "zeno@uni.example")], "a link alone changes nothing"
    fields = {element.get("name"): element.get("value") for element in asked.form("/ui/add_auth_provider").iter()
              if element.get("name")}
    assert someone.post("/ui/add_auth_provider", fields, page=page.location).location == "/ui/profile?done=way-added"
    assert site.ways_of("zeno@uni.example") == [("shibboleth", "zeno@work.example")]

    # The directory: it asks for the password there, whatever the address was.
    someone = browser(site)
    assert by_ldap(someone, "eve").location == "/ui/landing"
    way = way_of(site, "eve@example.org", "ldap")
    page = someone.get(f"/ui/login/ldap?switch_from={way}")
    assert page.location == f"/ui/login/ldap/add?switch_from={way}"
    before = site.ways_of("eve@example.org")
    done = someone.post("/ui/login/ldap/add", {"username": "tom", "password": "tom-password", "switch_from": way},
                        page=page.location)
    assert done.location == "/ui/profile?done=way-added", done.text
    assert site.rows("SELECT COUNT(*) FROM identity_way WHERE id = ?", way) == [(0,)]
    assert len(before) == 1 and site.rows("SELECT COUNT(*) FROM identity_way WHERE module = 'ldap' AND identifier = ?",
                                          before[0][1]) == [(0,)]


def test_wrong_passwords_bring_the_box_to_the_directorys_page_too(site):
    someone = browser(site)
    assert "g-recaptcha" not in someone.get("/ui/login/ldap").text
    for _ in range(2):
        page = someone.post("/ui/login/ldap", {"username": "Guessed", "password": "wrong"})
    assert "g-recaptcha" in page.text and page.status == 403
    page = someone.post("/ui/login/ldap", {"username": " guessed", "password": "wrong"})
    assert "Please tick the box" in page.words()
    page = someone.post("/ui/login/ldap", {"username": "guessed", "password": "wrong", "g-recaptcha-response": "solved"})
    assert page.status == 403 and "correct name and password" in page.words()
    assert by_ldap(browser(site), "ada").status == 303


def test_an_address_of_the_directory_is_changed_there(site):
    someone = browser(site)
    assert by_ldap(someone, "ada").location == "/ui/landing"
    assert "/ui/email_change" not in someone.get("/ui/profile").text
    page = someone.get("/ui/email_change")
    assert page.status == 403 and "comes from LDAP" in page.words()
    refused = someone.post("/ui/email_change", {"new_email_address": "other@example.org"}, page="/ui/profile")
    assert refused.status == 403
    other = zoe(site, "zita@uni.example")
    assert "/ui/email_change" in other.get("/ui/profile").text and other.get("/ui/email_change").status == 200


def test_when_somebody_came_by_which_way(site):
    assert by_ldap(browser(site), "ada").location == "/ui/landing"
    shown = manage(site, "user-show", "ada@example.org").stdout
    assert re.search(r"last_login_details *: *ldap: \d{4}-\d\d-\d\dT", shown), shown
    listed = manage(site, "user-list", "-o", "displayname,last_login_details").stdout
    assert re.search(r"ada@example.org *ldap: \d{4}-", listed), listed


def test_a_module_that_cannot_be_run_is_refused():
    with Site("policy", "QUOTA_POLICY_MODULE = 'local.policies'\n") as site:
        done = site.house.run("serve", "identity", check=False)
        assert done.returncode != 0 and "QUOTA_POLICY_MODULE" in done.stderr and "local.policies" in done.stderr


def test_a_site_without_any_way_in_does_not_start():
    with Site("nobody", "ASTAKOS_IM_MODULES = ['google', 'linkedin']\n") as site:
        done = site.house.run("serve", "identity", check=False)
        assert done.returncode != 0 and "ASTAKOS_IM_MODULES" in done.stderr and "'local'" in done.stderr
    with Site("some", "ASTAKOS_IM_MODULES = ['google', 'local']\n") as site:
        site.start()
        assert "google" not in site.browser().get("/ui/login").text
        assert "identity.unknown_way" in site.house.log(100000) and "enable_local" in site.house.log(100000)
