# SPDX-License-Identifier: Apache-2.0
"""oned's side: the wire, sessions, rights and documents, read by Python's own client."""

import xmlrpc.client

import pytest

from .conftest import BOOLEAN, INT, ME, STRING, call_xml, post, wait_for

def test_success_is_byte_for_byte_what_oned_sends(standin):
    answer = post(standin, call_xml("one.system.version", ME))
    assert answer.status == 200
    assert answer.headers["Content-type"] == "text/xml; charset=utf-8"
    assert answer.headers["Connection"] == "close" and answer.headers["Server"].startswith("Xmlrpc-c_Abyss/")
    assert answer.text == (
        '<?xml version="1.0" encoding="UTF-8"?>\r\n<methodResponse>\r\n<params>\r\n<param><value><array><data>\r\n'
        "<value><boolean>1</boolean></value>\r\n<value><string>6.8.0</string></value>\r\n<value><i4>0</i4></value>\r\n"
        "</data></array></value></param>\r\n</params>\r\n</methodResponse>\r\n")


def test_failure_has_five_elements_and_an_i8(standin):
    answer = post(standin, call_xml("one.vm.info", ME, INT.format(77)))
    assert "<value><string>[one.vm.info] Error getting virtual machine [77].</string></value>\r\n" \
           "<value><i4>1024</i4></value>\r\n<value><i4>77</i4></value>\r\n<value><i8>-1</i8></value>" in answer.text


# What xmlrpc-c 1.33.14 of Debian 12 answered to such calls.
ME_TEXT = "alice:alice-secret"
TOGETHER = (
    '<?xml version="1.0" encoding="UTF-8"?>\r\n<methodResponse>\r\n<params>\r\n<param><value><array><data>\r\n'
    "<value><array><data>\r\n<value><array><data>\r\n<value><boolean>1</boolean></value>\r\n"
    "<value><string>6.8.0</string></value>\r\n<value><i4>0</i4></value>\r\n</data></array></value>\r\n"
    "</data></array></value>\r\n<value><struct>\r\n<member><name>faultCode</name>\r\n<value><i4>-506</i4></value>"
    "</member>\r\n<member><name>faultString</name>\r\n<value><string>Method 'nope' not defined</string></value>"
    "</member>\r\n</struct></value>\r\n</data></array></value></param>\r\n</params>\r\n</methodResponse>\r\n")


def several(*calls):
    return xmlrpc.client.dumps(([{"methodName": method, "params": list(params)} for method, *params in calls],),
                               "system.multicall")


def test_several_calls_are_answered_as_the_library_does(standin):
    answer = post(standin, several(("one.system.version", ME_TEXT), ("nope", ME_TEXT)))
    assert answer.status == 200 and answer.text == TOGETHER
    assert standin.calls() == ["one.system.version", "nope"]


@pytest.mark.parametrize("calls, code, text", [
    ([{"methodName": "system.multicall", "params": [[]]}], -507, "Recursive system.multicall forbidden"),
    ([{"params": []}], -502, "No member of struct has key 'methodName'"),
    ([{"methodName": "one.system.version"}], -502, "No member of struct has key 'params'"),
    ([5], -501, "should be a struct"), ("x", -501, "should be an array")])
def test_several_calls_in_another_shape_are_a_fault(standin, calls, code, text):
    with pytest.raises(xmlrpc.client.Fault) as refused:
        xmlrpc.client.loads(post(standin, xmlrpc.client.dumps((calls,), "system.multicall")).text)
    assert refused.value.faultCode == code and text in refused.value.faultString


def test_faults_of_one_call_among_several(standin):
    standin.fault("error", method="one.user.info", code=2048, text="down")
    first, second = xmlrpc.client.loads(post(standin, several(
        ("one.system.version", ME_TEXT), ("one.user.info", ME_TEXT, -1, False))).text)[0][0]
    assert first[0][0] is True and second[0][:3] == [False, "down", 2048]
    standin.fault("truncate", method="one.system.version", bytes=70)
    assert len(post(standin, several(("one.system.version", ME_TEXT), ("one.system.version", ME_TEXT))).text) == 70


def test_an_older_library_knows_no_several_calls(standin):
    standin.set(multicall=False)
    with pytest.raises(xmlrpc.client.Fault, match="'system.multicall' not defined"):
        xmlrpc.client.loads(post(standin, several(("one.system.version", ME_TEXT))).text)


@pytest.mark.parametrize("method, path, status", [("GET", "/RPC2", 405), ("PUT", "/RPC2", 405), ("POST", "/", 404),
                                                  ("GET", "/x", 404), ("POST", "/RPC2/", 404)])
def test_other_http_is_refused_in_html(standin, method, path, status):
    answer = post(standin, "<x/>", path, method)
    assert answer.status == status and answer.headers["Content-type"] == "text/html"


def test_a_call_without_length_is_refused(standin):
    assert post(standin, iter([b"<x/>"])).status == 411  # Python sends it in chunks
    assert post(standin, "").status == 400


@pytest.mark.parametrize("body, code, text", [
    (call_xml("one.nothing", ME), -506, "Method 'one.nothing' not defined"),
    (call_xml("one.vm.info"), -501, "Not enough parameters"),
    (call_xml("one.vm.info", INT.format(1)), -501, "Parameter that is supposed to be a string is not"),
    (call_xml("one.vm.info", ME), -501, "Not enough parameters"),
    (call_xml("one.vm.info", ME, STRING.format(1)), -501, "Parameter that is supposed to be integer is not"),
    (call_xml("one.vm.info", ME, "<i8>1</i8>"), -501, "Parameter that is supposed to be integer is not"),
    (call_xml("one.template.info", ME, INT.format(0), INT.format(0)), -501,
     "Parameter that is supposed to be boolean is not"),
    (call_xml("one.vm.diskresize", ME, INT.format(0), INT.format(0), INT.format(9)), -501,
     "Parameter that is supposed to be a string is not"),
    (call_xml("one.vm.action", ME, INT.format(0), STRING.format("resched")), -501,
     "Parameter that is supposed to be a string is not"),
    (call_xml("one.template.instantiate", ME, INT.format(0), STRING.format("x"), BOOLEAN.format(0)), -501,
     "Not enough parameters"),
    (call_xml("one.vm.info", ME, INT.format(2**31)), -503, "beyond the range"),
    (call_xml("one.vm.info", ME, INT.format("1x")), -503, "non-numerical junk"),
    (call_xml("one.vm.info", ME, BOOLEAN.format(2)), -503, "must be either '0' or '1'"),
    (call_xml("one.vm.info", ME, "<number>1</number>"), -503, "Unknown value type"),
    ("<methodCall>", -503, "Not valid XML"),
    ("what is this", -503, "Not valid XML"),
    ("<methodResponse/>", -503, "should be a <methodCall>"),
])
def test_what_oned_does_not_understand_is_a_fault(standin, body, code, text):
    answer = post(standin, body)
    with pytest.raises(xmlrpc.client.Fault) as caught:
        xmlrpc.client.loads(answer.text)
    assert answer.status == 200 and caught.value.faultCode == code and text in caught.value.faultString


def test_int_and_untyped_values_are_understood_and_more_parameters_ignored(client, standin):
    client.ok("alice", "one.document.allocate", "NAME=x", 1337)
    number = client.template_id("Function")
    body = call_xml("one.document.info", "alice:alice-secret", f"<int>{number}</int>", BOOLEAN.format(0), INT.format(9))
    (array,), _ = xmlrpc.client.loads(post(standin, body).text)
    assert array[0] is True and f"<ID>{number}</ID>" in array[1]


@pytest.mark.parametrize("session", ["", "alice", "alice:", "alice:wrong", "nobody:x", ":", "alice:alice-secret "])
def test_bad_sessions_are_refused_before_anything_else(standin, session):
    proxy = xmlrpc.client.ServerProxy(standin.oned)
    expected = [False, "[one.vm.info] User couldn't be authenticated, aborting call.", 256, -1, -1]
    assert getattr(proxy, "one.vm.info")(session, 99) == expected
    assert getattr(proxy, "one.vm.info")(session, "no number") == expected


def test_a_password_with_everything_in_it(client):
    assert "<NAME>bob</NAME>" in client.ok("bob", "one.user.info", -1)


def test_login_tokens_are_passwords_with_an_end(client, standin):
    token = client.ok("alice", "one.user.login", "alice", "", 600, -1)
    client.users["alice by token"] = ("alice", token)
    assert "<NAME>alice</NAME>" in client.ok("alice by token", "one.user.info", -1)
    client.ok("alice", "one.user.login", "alice", token, 0, -1)
    assert client.refused("alice by token", "one.user.info", -1)[0] == 256
    assert client.refused("bob", "one.user.login", "alice", "", 600, -1)[0] == 512


def test_a_token_ends(client):
    client.users["late"] = ("alice", client.ok("alice", "one.user.login", "alice", "", 1, -1))
    client.ok("late", "one.user.info", -1)
    wait_for("the token's end", lambda: client.call("late", "one.user.info", -1)[0] is False)


def test_users_see_themselves_and_oneadmin_sees_all(client):
    assert client.ok("alice", "one.userpool.info").count("<USER>") == 1
    assert client.ok("oneadmin", "one.userpool.info").count("<USER>") == 4
    assert client.refused("alice", "one.user.info", 3)[0] == 512
    assert client.refused("oneadmin", "one.user.info", 99) == (1024, "[one.user.info] Error getting user [99].")


# --- documents ------------------------------------------------------------------------------------------------------

def allocate(client, user="alice", text="<TEMPLATE><NAME>my sr</NAME><BODY><![CDATA[{\"a\":1}]]></BODY></TEMPLATE>",
             kind=1337):
    return client.ok(user, "one.document.allocate", text, kind)


def test_a_document_as_the_contract_shows_it(client):
    number = allocate(client)
    assert client.ok("alice", "one.document.info", number, False) == (
        f"<DOCUMENT><ID>{number}</ID><UID>2</UID><GID>1</GID><UNAME>alice</UNAME><GNAME>users</GNAME>"
        "<NAME>my sr</NAME><TYPE>1337</TYPE><PERMISSIONS><OWNER_U>1</OWNER_U><OWNER_M>1</OWNER_M><OWNER_A>0</OWNER_A>"
        "<GROUP_U>0</GROUP_U><GROUP_M>0</GROUP_M><GROUP_A>0</GROUP_A><OTHER_U>0</OTHER_U><OTHER_M>0</OTHER_M>"
        '<OTHER_A>0</OTHER_A></PERMISSIONS><TEMPLATE><BODY><![CDATA[{"a":1}]]></BODY></TEMPLATE></DOCUMENT>')


def test_rights_on_documents(client):
    number = allocate(client)
    text = f"Not authorized to perform {{}} DOCUMENT [{number}]."
    for method, params, operation in (("info", (False,), "USE"), ("update", ("A=1", 0), "MANAGE"),
                                      ("rename", ("y",), "MANAGE"), ("delete", (), "MANAGE")):
        assert client.refused("bob", f"one.document.{method}", number, *params) == (
            512, f"[one.document.{method}] User [3] : " + text.format(operation))
    keep = [-1] * 9
    assert client.refused("bob", "one.document.chmod", number, *keep)[0] == 512
    client.ok("alice", "one.document.chmod", number, *keep[:3], 1, *keep[4:])  # group may use
    client.ok("bob", "one.document.info", number)
    assert client.refused("bob", "one.document.update", number, "A=1", 0)[0] == 512
    assert client.refused("alice", "one.document.chmod", number, -1, -1, 1, *keep[3:])[0] == 512  # ADMIN bits
    client.ok("oneadmin", "one.document.delete", number)
    assert client.refused("alice", "one.document.info", number) == (
        1024, f"[one.document.info] Error getting document [{number}].")


def test_names_of_documents(client):
    number = client.ok("alice", "one.document.allocate", "A=1", 1337)
    assert f"<NAME>document-{number}</NAME>" in client.ok("alice", "one.document.info", number)
    assert client.refused("alice", "one.document.allocate", f"NAME={'x' * 129}", 1337) == (
        8192, "[one.document.allocate] NAME is too long; max length is 128 chars.")
    client.ok("alice", "one.document.allocate", f"NAME={'x' * 128}", 1337)
    assert client.refused("alice", "one.document.allocate", "<TEMPLATE><NAME>a<b</NAME></TEMPLATE>", 1337) == (
        8192, "[one.document.allocate] Parse error: XML Template malformed.")
    # Escaped it is read, but oned writes it unescaped into its own XML.
    escaped = "<TEMPLATE><NAME>a&amp;b</NAME></TEMPLATE>"
    assert client.refused("alice", "one.document.allocate", escaped, 1337)[0] == 8192
    for bad in "&|:\\\";/'#{}$<>":
        assert client.refused("alice", "one.document.rename", number, f"a{bad}") == (
            2048, f"[one.document.rename] Invalid NAME, char '{bad}' is not allowed")
    assert client.refused("alice", "one.document.rename", number, "")[1].endswith("it cannot be empty")
    assert client.refused("alice", "one.document.rename", number, "x" * 129)[1].endswith("max length is 128 chars")
    client.ok("alice", "one.document.rename", number, "neu ñ")
    assert "<NAME>neu ñ</NAME>" in client.ok("alice", "one.document.info", number)


def test_update_replaces_or_merges(client):
    number = allocate(client, text="A=1\nB=2")
    client.ok("alice", "one.document.update", number, "B=3\nC=4", 1)
    assert "<A><![CDATA[1]]></A><B><![CDATA[3]]></B><C>" in client.ok("alice", "one.document.info", number)
    client.ok("alice", "one.document.update", number, "D=5", 0)
    assert "<TEMPLATE><D><![CDATA[5]]></D></TEMPLATE>" in client.ok("alice", "one.document.info", number)
    assert client.refused("alice", "one.document.update", number, "D=5", 2) == (
        4096, "[one.document.update] Wrong update type")
    code, text = client.refused("alice", "one.document.update", number, "=5", 0)
    assert code == 8192 and text.startswith("[one.document.update] Cannot update template. Parse error: syntax error")


def test_a_body_that_breaks_cdata_is_not_kept(client):
    number = allocate(client)
    client.ok("alice", "one.document.update", number, "<TEMPLATE><BODY>a]]&gt;b</BODY></TEMPLATE>", 0)
    assert '<BODY><![CDATA[{"a":1}]]></BODY>' in client.ok("alice", "one.document.info", number)


def test_the_pool_is_filtered_and_newest_first(client):
    mine = [allocate(client), allocate(client), allocate(client, kind=1338)]
    allocate(client, "bob")

    def ids(user, *params):
        xml = client.ok(user, "one.documentpool.info", *params)
        return [int(part.split("<")[0]) for part in xml.split("<DOCUMENT><ID>")[1:]]

    assert ids("alice", -2, -1, -1, 1337) == [mine[1], mine[0]]
    assert ids("alice", -3, -1, -1, 1338) == [mine[2]]
    assert len(ids("oneadmin", -2, -1, -1, 1337)) == 3
    assert ids("oneadmin", 2, -1, -1, 1337) == [mine[1], mine[0]]
    assert ids("alice", -2, mine[1], -1, 1337) == [mine[1]]
    assert client.ok("alice", "one.documentpool.info", -2, -1, -1, 42) == "<DOCUMENT_POOL></DOCUMENT_POOL>"
    assert client.refused("alice", "one.documentpool.info", -5, -1, -1, 1337)[0] == 4096
