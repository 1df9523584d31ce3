# SPDX-License-Identifier: Apache-2.0
"""An identity service with the settings of a test, and what people find in their mail boxes."""

import email
import email.policy
import re
import sqlite3

from browser import Browser
from ports import free_port
from service import Service, wait_for


class Site(Service):
    """`settings`: a file of /etc/synnefo."""

    def __init__(self, name, settings, port=None, url=None):
        super().__init__(name)
        folder = self.house.directory / "etc-synnefo"
        folder.mkdir()
        (folder / "30-test.conf").write_text(settings)
        self.house.environment["SYNNEFO_SETTINGS_DIR"] = str(folder)
        self.port = port or free_port()  # it stands in the links of mails
        self.house.environment["NEPHELE_IDENTITY_PORT"] = str(self.port)
        if url:
            with open(self.house.data / "nephele.conf", "a") as conf:
                conf.write(f"IDENTITY_URL = '{url}'\n")

    @property
    def base(self):
        return f"http://127.0.0.1:{self.port}"

    def browser(self, **options):
        return Browser(self.base, **options)

    def link(self, address, base=None):
        """The link in the latest mail to somebody that has one."""
        def found():
            links = []
            for path in sorted((self.house.data / "mails").glob("*.eml")):
                mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
                if address in mail["To"]:
                    links += re.findall(r"https?://\S+auth=\S+", mail.get_content())
            return links
        return wait_for(f"a mail to {address}", found, 30)[-1].removeprefix(base or self.base)

    def rows(self, statement, *values):
        with sqlite3.connect(self.house.data / "nephele.db", timeout=30) as database:
            return database.execute(statement, values).fetchall()

    def ways_of(self, address):
        return sorted(self.rows("SELECT w.module, w.identifier FROM identity_way w JOIN identity_account a"
                                " ON a.id = w.account_id WHERE a.email = ?", address))
