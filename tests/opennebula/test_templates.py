# SPDX-License-Identifier: Apache-2.0
"""The template reader: text and XML, what oned accepts, and how it refuses."""

import pytest

from .template import Template, TemplateError, parse


@pytest.mark.parametrize("text, wanted", [
    ("", {}),
    ("A=1", {"A": ["1"]}),
    ("a = 1\nb=\"x y\"", {"A": ["1"], "B": ["x y"]}),
    ("A=1 B=2", {"A": ["1"], "B": ["2"]}),
    ("A=\nB=2", {"A": [""], "B": ["2"]}),
    ("A=\"two\nlines\"", {"A": ["two\nlines"]}),
    ("A=\"say \\\"x\\\"\"", {"A": ['say "x"']}),
    ("D=[A=1,\n b = \"2 ]\" ]", {"D": [{"A": "1", "B": "2 ]"}]}),
    ("D=[]", {"D": [{}]}),
    ("D=[A=1]\nD=[A=2]", {"D": [{"A": "1"}, {"A": "2"}]}),
    ("D=[A=1,A=2]", {"D": [{"A": "1"}]}),
    ("# a comment\nA=1 # another\nB=2", {"A": ["1"], "B": ["2"]}),
    ("A=it's", {"A": ["it's"]}),
    ("A=1\r\nB=2", {"A": ["1\r"], "B": ["2"]}),
    ("CONTEXT=[SR_AUTH=\"YWI6Yw==\n\"]", {"CONTEXT": [{"SR_AUTH": "YWI6Yw==\n"}]}),
    ("NAME=\"x  \"", {"NAME": ["x"]}),
    ("A=\"ends in \\\"", {"A": ["ends in \\"]}),
])
def test_text_is_read(text, wanted):
    assert parse(text).items == wanted


@pytest.mark.parametrize("text, part", [
    ("A", "syntax error, unexpected $end, expecting EQUAL or EQUAL_EMPTY at line 1, columns"),
    ("=1", "syntax error, unexpected EQUAL, expecting VARIABLE"),
    ("A=1\nB 2", "at line 2, columns"),
    ("A=[B=1", "unexpected $end"),
    ("A=[B=1,]", "unexpected CBRACKET"),
    ("A=[=1]", "unexpected EQUAL"),
    ("=\"energy\"", "expecting VARIABLE"),
    ("A=\"x\" y", "unexpected $end"),
    ("A=\"a \"b\" c\"", "syntax error"),
    ("A=\"a]]>b\"", "Parse error."),
    ("A=\"ends in \\\" B=\"2\"", "syntax error"),
])
def test_a_syntax_error_is_told_with_its_place(text, part):
    with pytest.raises(TemplateError) as caught:
        parse(text)
    assert str(caught.value).startswith("Parse error") and part in str(caught.value)


@pytest.mark.parametrize("text, wanted", [
    ("<TEMPLATE><NAME>a &amp; b</NAME><BODY><![CDATA[{\"a\":1}]]></BODY></TEMPLATE>",
     {"NAME": ["a & b"], "BODY": ['{"a":1}']}),
    ("<TEMPLATE><d><X>1</X><y><![CDATA[2]]></y></d></TEMPLATE>", {"D": [{"X": "1", "Y": "2"}]}),
    ("<TEMPLATE><A/><B></B></TEMPLATE>", {}),
    ("<TEMPLATE><BODY>&lt;&amp;&gt;</BODY></TEMPLATE>", {"BODY": ["<&>"]}),
    # Two nodes are no single value: oned loses the attribute without a word.
    ("<TEMPLATE><BODY><![CDATA[a]]]]><![CDATA[>b]]></BODY></TEMPLATE>", {}),
])
def test_xml_is_read(text, wanted):
    assert parse(text).items == wanted


@pytest.mark.parametrize("text", ["<TEMPLATE>", "<TEMPLATE><NAME>a & b</NAME></TEMPLATE>", "<A>1</A><B>2</B>", "<"])
def test_malformed_xml_is_refused(text):
    with pytest.raises(TemplateError, match="Parse error: XML Template malformed."):
        parse(text)


def test_a_merge_replaces_by_name():
    base = parse("DISK=[IMAGE_ID=0,DEV_PREFIX=vd]\nDISK=[IMAGE_ID=1]\nCPU=1\nOLD=[A=1]\nKEPT=1")
    base.merge(parse("DISK=[SIZE=5]\nCPU=2\nOLD=[]\nNEW=[B=1]"))
    assert base.items == {"DISK": [{"SIZE": "5"}], "CPU": ["2"], "KEPT": ["1"], "NEW": [{"B": "1"}]}


def test_xml_is_sorted_and_in_cdata():
    template = Template()
    template.add("b", "2 < 3")
    template.add("A", {"Y": "1", "X": ""})
    assert template.xml("T") == "<T><A><X><![CDATA[]]></X><Y><![CDATA[1]]></Y></A><B><![CDATA[2 < 3]]></B></T>"
