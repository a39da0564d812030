"""Whether sign-in is set up, why nobody may be let in as the dashboard is set up now, and what is followed live."""

from __future__ import annotations

import os
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit import config

from medai_core.errors import AccessError, Message
from medai_core.records.store.visits import idle_time

NEEDED = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")
UNREAD = (OSError, UnicodeDecodeError)
"""What Streamlit raises for secrets that are absent, not to be opened, no text or no TOML."""

FEWEST = 32
"""Signs of a cookie secret."""


def configured() -> bool:
    """Whether people sign in: there is an ``[auth]`` among the secrets."""
    try:
        return "auth" in st.secrets
    except UNREAD:
        return False


def role_claim() -> str:
    """The claim of the ID token that holds the role."""
    return os.environ.get("MEDAI_ROLE_CLAIM") or "roles"


def feed_folder() -> Path | None:
    """The folder of observations that the page Monitor follows live: ``MEDAI_FEED``; None where none is set."""
    stated = os.environ.get("MEDAI_FEED", "").strip()
    return Path(stated).expanduser() if stated else None


def obstacle() -> Message | None:
    """Why nobody may be let in; None where nothing stands in the way.

    A proxy on this machine that passes other computers on to a loopback address cannot be seen from here.
    """
    try:
        settings = st.secrets["auth"]
    except KeyError:
        return _exposed()
    except UNREAD:
        # Settings that were meant and cannot be read must not leave the door open.
        meant = _meant()
        return Message("access.secrets", {"file": meant.name}) if meant else _exposed()
    return _incomplete(settings if isinstance(settings, Mapping) else {})


def _meant() -> Path | None:
    """The file of secrets that is there, or that someone named; None where there is only the usual place, empty."""
    files = [Path(file) for file in st.get_option("secrets.files")]
    return next((f for f in files if f.exists() or config.is_manually_set("secrets.files")), None)


def _exposed() -> Message | None:
    address = st.get_option("server.address") or ""
    return None if loopback(address) else Message("access.exposed", {"address": address or "0.0.0.0"})  # noqa: S104


def loopback(address: str) -> bool:
    """Whether only this machine can reach ``address``; the empty one is every address of the machine."""
    if address == "localhost":
        return True
    try:
        return ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False


def _incomplete(settings: Mapping[str, Any]) -> Message | None:
    missing = next((name for name in NEEDED if not settings.get(name)), None)
    if missing is not None:
        return Message("access.settings", {"missing": missing})
    if len(str(settings["cookie_secret"])) < FEWEST:
        return Message("access.cookie_secret", {"fewest": FEWEST})
    try:
        idle_time(os.environ)
    except AccessError as error:
        return error.message
    return None
