# SPDX-License-Identifier: Apache-2.0
"""A refusal in EC2's words."""


class Refused(Exception):
    def __init__(self, code, text, status=400):
        super().__init__(text)
        self.code, self.text, self.status = code, text, status
