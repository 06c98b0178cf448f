"""The users of a running Mosquitto, by its plugin "dynamic security".

The plugin keeps *clients* (who may connect) and *roles* (what they may do), and changes them when an administrator
publishes commands to `TOPIC`; it answers on `ANSWERS`. A client of ours has a role of its own, named after it; clients
without such a role are somebody else's, and left alone.

Mosquitto 2.0 takes a password as it is, not as a hash, and only shows that a client has one. So a client carries the salt
of the hash in our register as its description: if the two differ, its password is not the key that holds now.

References
----------
Mosquitto 2.0, ``plugins/dynamic-security/README.md`` (commands and answers).
"""

import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zenata.broker.base import RESERVED, Rights, User
from zenata.errors import BrokerError, SetupError

log = logging.getLogger(__name__)

TOPIC = "$CONTROL/dynamic-security/v1"
"""Where commands go."""

ANSWERS = f"{TOPIC}/response"
"""Where they are answered."""

MANAGING = Rights(publish=(TOPIC,), subscribe=(ANSWERS,))
"""The rights of whoever manages users."""

Command = Mapping[str, Any]
Ask = Callable[[Sequence[Command]], Sequence[Mapping[str, Any]]]
"""Has commands carried out and returns the answers to them; raises `BrokerError` if none come."""

_PBKDF2 = re.compile(r"\$7\$(\d+)\$([A-Za-z0-9+/]+=*)\$([A-Za-z0-9+/]+=*)")
_ROLE = "zenata-"  # what the names of our roles begin with
_AT_ONCE = 100  # commands in one message

Acl = tuple[str, str]
"""A type of access and a topic filter."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Client:
    """A client as the broker has it.

    Parameters
    ----------
    salt : str
        Of the hash of its password, as far as we know.
    disabled : bool
    ours : bool
    """

    salt: str
    disabled: bool
    ours: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """What the broker has: clients and the rights of roles, by name."""

    clients: Mapping[str, Client]
    roles: Mapping[str, frozenset[Acl]]


class DynamicSecurity:
    """Makes the users of a Mosquitto those that there are to be.

    Parameters
    ----------
    ask : callable
        See `Ask`.
    password_of : callable
        Returns the password of a user, or None if nobody knows it any more.
    """

    def __init__(self, ask: Ask, password_of: Callable[[User], str | None]) -> None:
        self._ask, self._password_of = ask, password_of

    def renew(self, users: Sequence[User]) -> list[str]:
        """Let in these users and none other of ours; whoever may not stay is disconnected.

        Returns
        -------
        list of str
            Whom the broker cannot let in, as nobody knows its password, or as it refused: it needs a new key.

        Raises
        ------
        BrokerError
            If the broker does not answer.
        """
        commands, unknown = changes(self._state(), users, self._password_of)
        refused: list[str] = []
        for begin in range(0, len(commands), _AT_ONCE):
            batch = commands[begin : begin + _AT_ONCE]
            for command, answer in zip(batch, self._ask(batch), strict=False):
                if "error" in answer:
                    log.warning("the broker refused %s: %s", answer.get("command"), answer["error"])
                    refused += [command["username"]] if "username" in command else []
        return [*unknown, *refused]

    def _state(self) -> State:
        listed = self._ask(
            [{"command": "listClients", "verbose": True}, {"command": "listRoles", "verbose": True}],
        )
        data: dict[str, Any] = {answer["command"]: answer.get("data") for answer in listed}
        try:
            return State(
                clients={client["username"]: _client(client) for client in data["listClients"]["clients"]},
                roles={role["rolename"]: _acls_of(role) for role in data["listRoles"]["roles"]},
            )
        except (KeyError, TypeError) as error:
            raise BrokerError("the broker does not list its users: is its plugin older than 2.0?") from error


def changes(
    state: State, users: Sequence[User], password_of: Callable[[User], str | None]
) -> tuple[list[Command], list[str]]:
    """Return the commands that make `users` the users, and the names of those whose password nobody knows.

    Rights come first, so that nobody is let in without; they change without a client being disconnected. Whoever is not
    among `users` is disabled, not deleted: so its password is still there when it may come back.
    """
    commands: list[Command] = []
    unknown: list[str] = []
    for user in users:
        if user.name not in RESERVED:
            commands += _role_changes(state, user)
            if (found := _client_changes(state, user, password_of)) is None:
                unknown.append(user.name)
            commands += found or []
    wanted = {user.name for user in users} | RESERVED
    for name, client in state.clients.items():
        if client.ours and not client.disabled and (name not in wanted or name in unknown):
            commands.append({"command": "disableClient", "username": name})
    return commands, unknown


def configuration(users: Sequence[User]) -> str:
    """Return the text of a configuration file of the plugin; it reads it when the broker starts, and rewrites it.

    Raises
    ------
    SetupError
        If a hash is not PBKDF2.
    """
    default = {"publishClientSend": False, "publishClientReceive": False, "subscribe": False, "unsubscribe": True}
    clients = [_client_document(user) for user in users]
    roles = [{"rolename": _role(user), "acls": _acls(user.rights)} for user in users]
    return json.dumps({"clients": clients, "roles": roles, "defaultACLAccess": default}, indent=1) + "\n"


def _role_changes(state: State, user: User) -> Iterator[Command]:
    name, acls = _role(user), _acls(user.rights)
    if name not in state.roles:
        yield {"command": "createRole", "rolename": name, "acls": acls}
    elif state.roles[name] != _acls_of({"acls": acls}):
        yield {"command": "modifyRole", "rolename": name, "acls": acls}


def _client_changes(state: State, user: User, password_of: Callable[[User], str | None]) -> list[Command] | None:
    """Return what makes a client of a user; None if that needs a password that nobody knows."""
    client, salt = state.clients.get(user.name), _hash(user)[1]
    if client and not client.ours:
        log.warning("the broker has a user %r that is not ours: it is left as it is", user.name)
        return []
    enable = {"command": "enableClient", "username": user.name}
    if client and client.salt == salt:
        return [enable] if client.disabled else []
    if (password := password_of(user)) is None:
        return None
    about = {"username": user.name, "password": password, "textdescription": salt}
    if client:
        return [{"command": "modifyClient", **about}, enable]
    return [{"command": "createClient", **about, "roles": [{"rolename": _role(user)}]}]


def _client_document(user: User) -> dict[str, Any]:
    iterations, salt, digest = _hash(user)
    return {
        "username": user.name,
        "textdescription": salt,
        "password": digest,
        "salt": salt,
        "iterations": int(iterations),
        "roles": [{"rolename": _role(user)}],
    }


def _hash(user: User) -> tuple[str, str, str]:
    """Return iterations, salt and digest of the hash of a user's password."""
    match = _PBKDF2.fullmatch(user.password_hash)
    if not match:
        raise SetupError(f"Mosquitto needs a $7$ hash for the user {user.name!r}")
    iterations, salt, digest = match.groups()
    return iterations, salt, digest


def _role(user: User) -> str:
    return _ROLE + user.name


def _client(listed: Mapping[str, Any]) -> Client:
    return Client(
        salt=listed.get("textdescription", ""),
        disabled=listed.get("disabled", False),
        ours=any(role["rolename"] == _ROLE + listed["username"] for role in listed["roles"]),
    )


def _acls(rights: Rights) -> list[dict[str, Any]]:
    """Return rights as the plugin has them; what is subscribed to must also be allowed to arrive."""
    pairs = [("publishClientSend", filter_) for filter_ in rights.publish]
    pairs += [
        (type_, filter_) for filter_ in rights.subscribe for type_ in ("subscribePattern", "publishClientReceive")
    ]
    return [{"acltype": type_, "topic": filter_, "allow": True} for type_, filter_ in pairs]


def _acls_of(role: Mapping[str, Any]) -> frozenset[Acl]:
    return frozenset((acl["acltype"], acl["topic"]) for acl in role["acls"] if acl["allow"])
