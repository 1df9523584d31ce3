# SPDX-License-Identifier: Apache-2.0
"""Who there is and what there is: users, objects with permissions, and the world that holds them all."""

import hashlib
import secrets
import time

from . import errors
from .settings import Settings
from .xmlrpc import string_value

USE, MANAGE, ADMIN = 0, 1, 2
OPERATIONS = ("USE", "MANAGE", "ADMIN")
BITS = ("OWNER_U", "OWNER_M", "OWNER_A", "GROUP_U", "GROUP_M", "GROUP_A", "OTHER_U", "OTHER_M", "OTHER_A")
PRIVATE = (1, 1, 0, 0, 0, 0, 0, 0, 0)
INVALID_IN_NAMES = "&|:\\\";/'#{}$<>"


class User:
    def __init__(self, user_id, name, password, group):
        self.id, self.name, self.password = user_id, name, password
        self.gid, self.group = group
        self.attributes = {}
        self.tokens = {}  # token -> when it ends, None: never

    @property
    def is_admin(self):
        return self.id == 0 or self.gid == 0

    def accepts(self, secret):
        if secret == self.password:
            return True
        return secret in self.tokens and (self.tokens[secret] is None or self.tokens[secret] > time.time())

    def xml(self, with_quotas=False):
        digest = hashlib.sha256(self.password.encode()).hexdigest()
        attributes = {"TOKEN_PASSWORD": hashlib.sha256(self.name.encode()).hexdigest(), **self.attributes}
        template = "".join(f"<{k}><![CDATA[{attributes[k]}]]></{k}>" for k in sorted(attributes))
        tokens = "".join(f"<LOGIN_TOKEN><TOKEN>{token}</TOKEN><EXPIRATION_TIME>{-1 if end is None else int(end)}"
                         "</EXPIRATION_TIME><EGID>-1</EGID></LOGIN_TOKEN>" for token, end in self.tokens.items())
        quotas = ("<DATASTORE_QUOTA></DATASTORE_QUOTA><NETWORK_QUOTA></NETWORK_QUOTA><VM_QUOTA></VM_QUOTA>"
                  "<IMAGE_QUOTA></IMAGE_QUOTA><DEFAULT_USER_QUOTAS><DATASTORE_QUOTA></DATASTORE_QUOTA><NETWORK_QUOTA>"
                  "</NETWORK_QUOTA><VM_QUOTA></VM_QUOTA><IMAGE_QUOTA></IMAGE_QUOTA></DEFAULT_USER_QUOTAS>")
        return (f"<USER><ID>{self.id}</ID><GID>{self.gid}</GID><GROUPS><ID>{self.gid}</ID></GROUPS>"
                f"<GNAME>{self.group}</GNAME><NAME>{self.name}</NAME><PASSWORD>{digest}</PASSWORD>"
                f"<AUTH_DRIVER>core</AUTH_DRIVER><ENABLED>1</ENABLED>{tokens}<TEMPLATE>{template}</TEMPLATE>"
                f"{quotas if with_quotas else ''}</USER>")

    def pool_xml(self):
        return f"{self.xml()}<QUOTAS><ID>{self.id}</ID></QUOTAS>"


class Object:
    """What has an id, an owner, a name and permissions; its XML is made once per change."""

    kind = "object"      # in "Error getting ..."
    auth_kind = "OBJECT"  # in "Not authorized to perform USE ..."

    def __init__(self, object_id, owner, name, permissions=PRIVATE):
        self.id, self.name, self.permissions = object_id, name, tuple(permissions)
        self.uid, self.gid, self.uname, self.gname = owner.id, owner.gid, owner.name, owner.group
        self._xml = self._wire = None

    def changed(self):
        self._xml = self._wire = None

    def xml(self):
        if self._xml is None:
            self._xml = self._make_xml()
        return self._xml

    def wire(self):
        """The XML as an XML-RPC value."""
        if self._wire is None:
            self._wire = string_value(self.xml())
        return self._wire

    def _make_xml(self):
        raise NotImplementedError

    def header_xml(self):
        # Not escaped, as oned does it: a name that breaks this never gets so far.
        return (f"<ID>{self.id}</ID><UID>{self.uid}</UID><GID>{self.gid}</GID><UNAME>{self.uname}</UNAME>"
                f"<GNAME>{self.gname}</GNAME><NAME>{self.name}</NAME>")

    def permissions_xml(self):
        bits = "".join(f"<{name}>{bit}</{name}>" for name, bit in zip(BITS, self.permissions))
        return f"<PERMISSIONS>{bits}</PERMISSIONS>"

    def allows(self, user, operation):
        if user.is_admin:
            return True
        bits = self.permissions
        return bool((user.id == self.uid and bits[operation]) or (user.gid == self.gid and bits[3 + operation]) or
                    bits[6 + operation])

    def require(self, user, operation):
        if not self.allows(user, operation):
            raise errors.not_authorized(
                user, f"Not authorized to perform {OPERATIONS[operation]} {self.auth_kind} [{self.id}]")

    def chmod(self, user, wanted):
        """wanted: nine bits, -1 keeps. Only an administrator may change the ADMIN bits."""
        after = tuple(now if bit == -1 else int(bool(bit)) for now, bit in zip(self.permissions, wanted))
        admin = any(after[at] != self.permissions[at] for at in (2, 5, 8))
        self.require(user, ADMIN if admin else MANAGE)
        self.permissions = after
        self.changed()

    def rename(self, user, name):
        if name == self.name:
            return
        self.require(user, MANAGE)
        if not name:
            raise errors.OneError(errors.ACTION, "Invalid NAME, it cannot be empty")
        bad = next((letter for letter in name if letter in INVALID_IN_NAMES), None)
        if bad:
            raise errors.OneError(errors.ACTION, f"Invalid NAME, char '{bad}' is not allowed")
        if len(name.encode()) > 128:
            raise errors.OneError(errors.ACTION, "Invalid NAME, max length is 128 chars")
        self.name = name
        self.changed()


class Pool(dict):
    """Objects of one kind by id, with a sequence of ids that never goes back."""

    def __init__(self, kind):
        super().__init__()
        self.kind, self.next_id = kind, 0

    def take_id(self):
        self.next_id += 1
        return self.next_id - 1

    def find(self, object_id):
        found = self.get(object_id)
        if found is None:
            raise errors.unknown(self.kind, object_id)
        return found

    def select(self, user, flag, start, end):
        """What one.*pool.info lists: the newest first; flag as the filter of section 9.5."""
        if flag < -4:
            raise errors.OneError(errors.XML_RPC_API, "Incorrect filter_flag")

        def wanted(one):
            if flag >= 0:
                return one.uid == flag and one.allows(user, USE)
            if flag == -3:
                return one.uid == user.id
            if flag == -4:
                return one.gid == user.gid and one.allows(user, USE)
            if flag == -1:
                return one.uid == user.id or (one.gid == user.gid and one.allows(user, USE))
            return one.allows(user, USE)

        found = [one for _, one in sorted(self.items(), reverse=True) if wanted(one)]
        if end < -1:  # a page: from the start-th on, so many
            return found[max(start, 0):max(start, 0) - end]
        return [one for one in found if one.id >= start and (end == -1 or one.id <= end)]


class World:
    """All there is. Other modules hang their parts on it: documents, templates, machines, services."""

    def __init__(self):
        self.settings = Settings()
        self.users = {}
        self.names = {}
        self.documents = Pool("document")
        self.templates = Pool("virtual machine template")
        self.machines = Pool("virtual machine")
        self.networks = {}
        self.images = {}
        self.running_cpu = self.running_memory = 0
        self.vm_failures = []       # [action, how often, text]: drivers that fail on demand
        self.vm_listeners = []      # called with a machine whose state has changed
        self.services = {}              # id -> Service
        self.services_of_machines = {}  # machine id -> Service

    def add_user(self, name, password, group=(1, "users"), user_id=None):
        user = User(len(self.users) if user_id is None else user_id, name, password, group)
        self.users[user.id] = self.names[name] = user
        return user

    def authenticate(self, session):
        """The user of "name:secret", or OneError 256."""
        name, colon, secret = session.partition(":")
        user = self.names.get(name)
        if not colon or user is None or not user.accepts(secret):
            raise errors.OneError(errors.AUTHENTICATION, "User couldn't be authenticated, aborting call.")
        return user

    def login(self, user, token, seconds):
        if seconds == 0:
            if user.tokens.pop(token, "") == "":
                raise errors.OneError(errors.XML_RPC_API, "Could not find token")
            return token
        token = token or secrets.token_hex(32)
        user.tokens[token] = None if seconds < 0 else time.time() + seconds
        return token

    def driver_fails(self, action):
        """The text with which the driver fails at this action now, or None."""
        for failure in self.vm_failures:
            if failure[0] == action and failure[1] > 0:
                failure[1] -= 1
                return failure[2]
        return None
