# SPDX-License-Identifier: Apache-2.0
"""Sign-in by a directory of users: a real `nephele` before Debian's real slapd."""

import time

import pytest

from people import Site
from servers import Slapd
from service import PASSWORD, ROOT, wait_for

SETTINGS = """
ASTAKOS_IM_MODULES = ['local', 'ldap']
ASTAKOS_MODERATION_ENABLED = False
"""
PEOPLE = {"ada": "Lovelace", "bob": "Builder", "eve": "Evans", "mia": "Moss", "tom": "Turner"}


@pytest.fixture(scope="module")
def directory():
    with Slapd(PEOPLE) as made:
        yield made


@pytest.fixture(scope="module")
def site(directory):
    with Site("ldap", SETTINGS + directory.astakos()) as made:
        yield made.start()


def ldap(browser, name, password, **more):
    return browser.post("/ui/login/ldap", {"username": name, "password": password, **more})


def sign_up(browser, page, **fields):
    """Fills in the form that somebody gets who comes for the first time."""
    assert page.status == 303 and page.location.startswith("/ui/signup?third_party_token="), page.text
    forward = browser.get(page.location).location
    assert browser.get(forward).status == 200
    token = page.location.split("=", 1)[1]
    return browser.post("/ui/signup/third_party", {"third_party_token": token, **fields}, page=forward)


def test_from_first_sign_in_to_the_next(site):
    someone = site.browser()
    login = someone.get("/ui/login?next=/ui/profile")
    assert "LDAP" in login.words() and "/ui/login/ldap?next=" in login.text
    assert someone.get("/im/login/ldap").location == "/ui/login/ldap"
    page = ldap(someone, "ada", "ada-password", next="/ui/profile")
    forward = someone.get(page.location).location
    form = someone.get(forward)
    assert 'value="ada@example.org"' in form.text and 'value="Lovelace"' in form.text
    page = sign_up(someone, page, email="ada@example.org", first_name="Ada", last_name="King")
    assert page.status == 200 and "ada@example.org" in page.words()
    assert not someone.signed_in()
    # Not proved yet: the same form comes again.
    assert ldap(someone, "ada", "ada-password").location.startswith("/ui/signup?")
    assert someone.get(site.link("ada@example.org")).location.startswith("/ui/landing")
    assert "Ada" in someone.get("/ui/landing").words()
    someone.post("/ui/logout", page="/ui/profile")
    assert ldap(someone, "ada", "ada-password", next="/ui/profile").location == "/ui/profile"
    profile = someone.get("/ui/profile").words()
    assert "LDAP: 03020100-0504-0706-0809-0a0b0c0d0e0f" in profile and "Add Password" in profile
    ((module, identifier),) = site.ways_of("ada@example.org")
    assert module == "ldap"
    words = site.browser().sign_in("ada@example.org", "whatever-it-is").words()
    assert "Classic login is not enabled for your account" in words and "LDAP" in words


def test_wrong_passwords_and_strange_names(site):
    someone = site.browser()
    for name, password in [("bob", "wrong"), ("nobody", "bob-password"), ("bob", ""), ("", "bob-password"),
                           ("*", "bob-password"), ("bob)(uid=*", "bob-password"), ("b*b", "bob-password"),
                           ("bob\0", "bob-password"), ("uid=bob,ou=people,dc=example,dc=org", "bob-password"),
                           ("x" * 300, "bob-password"), ("\\62ob", "bob-password")]:
        page = ldap(someone, name, password)
        assert page.status in (400, 403), (name, page.status)
        assert "directory" not in page.words() or page.status == 403
        assert not someone.signed_in(), name
    assert "bob-password" not in site.house.log(100000)
    # The right password is heard all the same.
    assert ldap(someone, "bob", "bob-password").location.startswith("/ui/signup?")


def test_guesses_are_slowed_down(site):
    someone = site.browser()
    begun = time.monotonic()
    statuses = []
    for i in range(6):
        statuses.append(ldap(someone, ["tom", "TOM", " tom "][i % 3], f"guess-{i}").status)
    assert statuses == [403] * 6
    # Three at once, then 200, 400 and 800 ms apart.
    assert time.monotonic() - begun > 1.2, "one name in three spellings is one guesser's target"


def test_who_never_proved_his_address_gives_way(site):
    first = site.browser()
    sign_up(first, ldap(first, "mia", "mia-password"), email="elsewhere@example.org", first_name="M", last_name="M")
    second = site.browser()
    sign_up(second, ldap(second, "mia", "mia-password"), email="mia@example.org", first_name="Mia", last_name="Moss")
    assert not site.rows("SELECT id FROM identity_account WHERE email = 'elsewhere@example.org'")
    assert second.get(site.link("mia@example.org")).location.startswith("/ui/landing")
    # Everybody's address is his own, however he writes it.
    third = site.browser()
    page = sign_up(third, ldap(third, "eve", "eve-password"), email="MIA@Example.org", first_name="E", last_name="E")
    assert page.status == 400 and "already an account with this email address" in page.words()


def test_a_local_account_gets_one_more_way(site):
    someone = site.browser()
    assert someone.sign_in(ROOT, PASSWORD).status == 303
    assert "Add LDAP" in someone.get("/ui/profile").words()
    assert someone.get("/ui/login/ldap").location == "/ui/login/ldap/add"
    page = someone.post("/ui/login/ldap/add", {"username": "tom", "password": "wrong"})
    assert page.status == 403
    page = someone.post("/ui/login/ldap/add", {"username": "tom", "password": "tom-password"})
    assert page.location == "/ui/profile?done=way-added"
    other = site.browser()
    assert ldap(other, "tom", "tom-password").location == "/ui/landing"
    assert ROOT in other.get("/ui/profile").words("nav")
    # Somebody else cannot have the same.
    mia = site.browser()
    ldap(mia, "mia", "mia-password")
    page = mia.post("/ui/login/ldap/add", {"username": "tom", "password": "tom-password"})
    assert page.status == 409 and "already in use by another account" in page.words()

    ways = dict(site.rows("SELECT w.module, w.id FROM identity_way w JOIN identity_account a ON a.id = w.account_id"
                          " WHERE a.name = ?", ROOT))
    path = f"/ui/remove_auth_provider/{ways['ldap']}"
    assert mia.post(path, page="/ui/profile").status == 404, "it is not hers"
    assert someone.post(path, page="/ui/profile").location == "/ui/profile?done=way-removed"
    page = someone.post(f"/ui/remove_auth_provider/{ways['local']}", page="/ui/profile")
    assert page.status == 403 and "only way" in page.words()


def test_the_key_of_a_sign_up_is_asked_about(site):
    stranger = site.browser()
    token = ldap(stranger, "eve", "eve-password").location.split("=", 1)[1]
    assert stranger.sign_in(ROOT, PASSWORD, key=token).location == f"/ui/add_auth_provider?token={token}"
    page = stranger.get(f"/ui/add_auth_provider?token={token}")
    assert "will come into your account" in page.words()
    page = stranger.post("/ui/add_auth_provider", {"token": token}, page=f"/ui/add_auth_provider?token={token}")
    assert page.location == "/ui/profile?done=way-added"
    assert ldap(site.browser(), "eve", "eve-password").location == "/ui/landing"


def test_a_directory_that_is_away_comes_back(site, directory):
    someone = site.browser()
    token = someone.token("/ui/login/ldap")
    directory.stop()
    page = someone.post("/ui/login/ldap", {"username": "ada", "password": "ada-password", "csrf_token": token})
    assert page.status == 503 and page.answer.headers["retry-after"]
    assert "does not answer" in page.words()
    directory.start()
    assert ldap(someone, "ada", "ada-password").location == "/ui/landing"
    # One that is there and says nothing: the time is limited, and nobody else waits for it.
    other = site.browser()
    directory.freeze()
    try:
        begun = time.monotonic()
        assert ldap(other, "ada", "ada-password").status == 503
        assert time.monotonic() - begun < 15
        assert other.sign_in(ROOT, PASSWORD).status == 303
    finally:
        directory.resume()
    assert wait_for("the directory answers", lambda: ldap(site.browser(), "ada", "ada-password").status == 303, 20)


def test_what_the_directory_owns_needs_no_form(directory):
    settings = SETTINGS + directory.astakos() + """
ASTAKOS_AUTH_PROVIDER_LDAP_USER_ATTR_MAP = {
    'email': ('mail', False), 'first_name': ('givenName', False), 'last_name': ('sn', False)}
ASTAKOS_AUTH_PROVIDER_LDAP_AUTOVERIFY_POLICY = True
ASTAKOS_AUTH_PROVIDER_LDAP_MIRROR_GROUPS_POLICY = True
"""
    with Site("ldap", settings) as owned:
        owned.start()
        someone = owned.browser()
        assert ldap(someone, "ada", "ada-password").location == "/ui/landing"
        assert "Ada" in someone.get("/ui/landing").words()
        groups = ("SELECT g.name FROM identity_group g JOIN identity_group_member m ON m.group_id = g.id"
                  " JOIN identity_account a ON a.id = m.account_id WHERE a.email = 'ada@example.org'")
        assert owned.rows(groups) == [("staff",)]
        directory.change("dn: uid=ada,ou=people,dc=example,dc=org\nchangetype: modify\nreplace: sn\nsn: Byron\n\n"
                         "dn: cn=staff,ou=groups,dc=example,dc=org\nchangetype: modify\nreplace: member\n"
                         "member: uid=bob,ou=people,dc=example,dc=org\n")
        assert ldap(owned.browser(), "ada", "ada-password").location == "/ui/landing"
        assert owned.rows("SELECT last_name FROM identity_account WHERE email = 'ada@example.org'") == [("Byron",)]
        assert owned.rows(groups) == []


def test_whose_address_the_directory_knows_is_in_after_the_form(directory):
    """With the groups of the directory, and a password with its own."""
    settings = SETTINGS + directory.astakos() + """
ASTAKOS_AUTH_PROVIDER_LDAP_USER_ATTR_MAP = {'email': ('mail', False)}
ASTAKOS_AUTH_PROVIDER_LDAP_AUTOVERIFY_POLICY = True
ASTAKOS_AUTH_PROVIDER_LDAP_MIRROR_GROUPS_POLICY = True
ASTAKOS_AUTH_PROVIDER_LOCAL_ADD_GROUPS_POLICY = ['typists']
"""
    with Site("ldap", settings) as owned:
        owned.start()
        someone = owned.browser()
        page = sign_up(someone, ldap(someone, "bob", "bob-password"), first_name="Bob", last_name="B")
        assert page.location == "/ui/landing", page.text
        groups = ("SELECT g.name FROM identity_group g JOIN identity_group_member m ON m.group_id = g.id"
                  " JOIN identity_account a ON a.id = m.account_id WHERE a.email = 'bob@example.org' ORDER BY 1")
        assert owned.rows(groups) == [("staff",)]
        password = "battery-staple-moon"
        page = someone.post("/ui/password_change", {"new_password1": password, "new_password2": password})
        assert page.location == "/ui/profile?done=password", page.text
        assert owned.rows(groups) == [("staff",), ("typists",)]
        told = dict(owned.rows("SELECT details, actor FROM identity_audit WHERE event = 'group.joined'"))
        assert sorted(told.values()) == ["ldap", "local"]


def test_a_way_that_is_not_offered_has_no_address():
    with Site("ldap", "ASTAKOS_IM_MODULES = ['local']\n") as plain:
        plain.start()
        someone = plain.browser()
        for path in ["/ui/login/ldap", "/im/login/ldap", "/ui/login/ldap/add", "/ui/login/shibboleth",
                     "/im/login/shibboleth"]:
            assert someone.get(path).status == 404, path
        assert "LDAP" not in someone.get("/ui/login").text


def test_without_passwords_of_our_own(directory):
    with Site("ldap", "ASTAKOS_IM_MODULES = ['ldap']\n" + directory.astakos()) as only:
        only.start()
        someone = only.browser()
        page = someone.get("/ui/login")
        assert page.status == 200 and "LDAP" in page.words() and 'type="password"' not in page.text
        for path in ["/ui/local", "/ui/login/local", "/ui/local/password_reset"]:
            assert someone.get(path).status == 404, path
        assert someone.get("/ui/signup").location == "/ui/login"


def test_a_way_that_everybody_must_have(directory):
    settings = SETTINGS + directory.astakos() + """
ASTAKOS_AUTH_PROVIDER_LDAP_REQUIRED_POLICY = True
ASTAKOS_AUTH_PROVIDER_LDAP_CREATE_POLICY = False
ASTAKOS_AUTH_PROVIDER_LDAP_TITLE = 'Campus'
"""
    with Site("ldap", settings) as strict:
        strict.start()
        someone = strict.browser()
        assert someone.sign_in(ROOT, PASSWORD).status == 303
        assert someone.get("/ui/landing").location == "/ui/profile"
        assert "Campus is required" in someone.get("/ui/profile").words()
        page = ldap(strict.browser(), "bob", "bob-password")
        assert page.status == 403 and "not accepting new users" in page.words()
        page = someone.post("/ui/login/ldap/add", {"username": "bob", "password": "bob-password"})
        assert page.location == "/ui/profile?done=way-added"
        assert someone.get("/ui/landing").status == 200
        profile = someone.get("/ui/profile")
        assert "Remove Password" in profile.words() and "Remove Campus" not in profile.words()
        # Without a password: then set one again.
        ((way,),) = strict.rows("SELECT w.id FROM identity_way w JOIN identity_account a ON a.id = w.account_id"
                                " WHERE a.name = ? AND w.module = 'local'", ROOT)
        assert someone.post(f"/ui/remove_auth_provider/{way}", page="/ui/profile").status == 303
        assert strict.browser().sign_in(ROOT, PASSWORD).status == 403
        page = someone.post("/ui/password_change", {"new_password1": "battery-staple-moon",
                                                    "new_password2": "battery-staple-moon"})
        assert page.location == "/ui/profile?done=password", page.text
        assert strict.browser().sign_in(ROOT, "battery-staple-moon").status == 303


def test_settings_that_cannot_be_are_refused_at_the_start():
    for line, sentence in [("", "no server of the directory is named"),
                           ("AUTH_LDAP_SERVER_URI = 'ldap://far.example.org'\nAUTH_LDAP_USER_DN_TEMPLATE ="
                            " 'uid=%(user)s,dc=example,dc=org'\n", "in the clear")]:
        with Site("ldap", "ASTAKOS_IM_MODULES = ['local', 'ldap']\n" + line) as wrong:
            ended = wrong.house.run("serve", "identity", check=False)
            assert ended.returncode != 0
            assert "AUTH_LDAP_*" in ended.stderr and sentence in ended.stderr, ended.stderr
