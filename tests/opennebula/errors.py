# SPDX-License-Identifier: Apache-2.0
"""oned's error codes and the sentences that belong to them."""

AUTHENTICATION, AUTHORIZATION, NO_EXISTS, ACTION = 0x100, 0x200, 0x400, 0x800
XML_RPC_API, INTERNAL, ALLOCATE, LOCKED = 0x1000, 0x2000, 0x4000, 0x8000


class OneError(Exception):
    """A failure answer of a method; text is without the "[method] " that every answer begins with."""

    def __init__(self, code, text, object_id=-1):
        super().__init__(text)
        self.code, self.text, self.object_id = code, text, object_id


def unknown(kind, object_id):
    return OneError(NO_EXISTS, f"Error getting {kind} [{object_id}].", object_id)


def not_authorized(user, what):
    return OneError(AUTHORIZATION, f"User [{user.id}] : {what}.")


def not_allocated(kind, reason):
    return OneError(ALLOCATE, f"Error allocating a new {kind}. {reason}")
