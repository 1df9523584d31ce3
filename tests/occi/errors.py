# SPDX-License-Identifier: Apache-2.0
"""A refusal: a status and a sentence, and fields that go with it."""


class Refused(Exception):
    def __init__(self, status, text, headers=()):
        super().__init__(text)
        self.status, self.text, self.headers = status, text, list(headers)
