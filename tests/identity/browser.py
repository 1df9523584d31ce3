# SPDX-License-Identifier: Apache-2.0
"""A browser without scripts, which judges each page that it gets: well formed, labelled, nothing inline."""

import xml.etree.ElementTree as ElementTree

import httpx

HTML = "{http://www.w3.org/1999/xhtml}"


class Page:
    """`box_from`: where a page with a box against bots may load from. `links`: where pages of this site may lead, too."""

    def __init__(self, answer, box_from=None, links=()):
        self.answer = answer
        self.box = 'class="g-recaptcha"' in answer.text and box_from
        self.links = ("/", "#", "mailto:", *links)
        self.status = answer.status_code
        self.text = answer.text
        self.tree = None
        if answer.headers.get("content-type", "").startswith("text/html"):
            self._judge()

    def _judge(self):
        assert self.answer.content == self.answer.content.decode("utf-8").encode(), "not UTF-8"
        assert self.text.startswith("<!DOCTYPE html>\n")
        self.tree = tree = ElementTree.fromstring(self.text)
        assert tree.get("lang") == "en"
        assert self.only("head/title").text.strip()
        assert len(self.all("h1")) == 1
        assert self.all("main") and self.all("nav") and self.all("footer")
        ids = [element.get("id") for element in tree.iter() if element.get("id")]
        assert len(ids) == len(set(ids)), ids
        labels = {label.get("for") for label in self.all("label")}
        for element in tree.iter():
            name = element.tag.removeprefix(HTML)
            assert name not in ("style", "object", "embed", "base"), name
            if name in ("script", "iframe"):
                assert self.box and element.get("src").startswith(self.box + "/") and not element.text, name
            assert not [a for a in element.attrib if a == "style" or a.startswith("on")], element.attrib
            if name == "textarea" or name == "input" and element.get("type") != "hidden":
                assert element.get("id") in labels, element.attrib
            if name == "form":
                assert element.get("method") == "post" and element.get("action").startswith(("/ui/", "/oauth2/"))
            for attribute in ("href", "action"):
                assert element.get(attribute, "/").startswith(self.links), element.attrib
            if name == "input" and element.get("type") == "password":
                assert element.get("value") is None
        headers = self.answer.headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
        assert ("script-src" in policy) == bool(self.box) and "*" not in policy
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"

    def all(self, name):
        return self.tree.findall(f".//{HTML}{name}")

    def only(self, path):
        (found,) = self.tree.findall("/".join(HTML + part for part in path.split("/")))
        return found

    def words(self, name="main"):
        return " ".join(" ".join(self.all(name)[0].itertext()).split())

    def form(self, action):
        (found,) = [form for form in self.all("form") if form.get("action") == action]
        return found

    @property
    def location(self):
        """Where it leads: as a redirect, or as a page that goes on by itself."""
        ahead = [meta.get("content") for meta in self.all("meta") if meta.get("http-equiv") == "refresh"] \
            if self.tree is not None else []
        return self.answer.headers.get("location", "".join(ahead).removeprefix("0; url="))


class Browser:
    def __init__(self, base, box_from=None, links=("https://pypi.org/",), **options):
        self.client = httpx.Client(base_url=base, timeout=60, **options)
        self.judged = {"box_from": box_from, "links": links}

    def get(self, path, **options):
        return Page(self.client.get(path, **options), **self.judged)

    def token(self, path):
        """Of the page's own form, else of the one for signing out."""
        for form in reversed(self.get(path).all("form")):
            for element in form.iter(HTML + "input"):
                if element.get("name") == "csrf_token":
                    return element.get("value")
        raise AssertionError(f"{path} has no form")

    def post(self, path, fields=None, page=None, headers=None):
        """Sends the form of `page` (the same address, where nothing else is said) with these fields."""
        fields = {"csrf_token": self.token(page or path), **(fields or {})}
        return Page(self.client.post(path, data=fields, headers=headers), **self.judged)

    def sign_in(self, name, password, **more):
        return self.post("/ui/login", {"username": name, "password": password, **more})

    def signed_in(self):
        return self.get("/ui/profile").status == 200
