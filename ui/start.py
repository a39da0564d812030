"""Starts the dashboard: ``python -m ui.start``, with Streamlit's own options. Unsafe settings are refused first."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click
import streamlit as st
from streamlit.runtime.pages_manager import PagesManager
from streamlit.web import bootstrap, cli

from medai_core.errors import Message
from ui.settings import obstacle

APP = Path(__file__).resolve().parent.parent / "app.py"
REFUSED = 2


def start(options: Sequence[str]) -> int:
    """Run the dashboard until it is stopped; the exit status."""
    try:
        with cli.main_run.make_context("ui.start", [str(APP), *options]) as context:
            return _run(context)
    except click.exceptions.Exit as left:
        return left.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code


def _run(context: click.Context) -> int:
    bootstrap.load_config_options({k: v for k, v in context.params.items() if k not in ("target", "args")})
    problem = obstacle()
    if problem is not None:
        print(problem.text, file=sys.stderr)
        return REFUSED
    address, port = st.get_option("server.address") or "0.0.0.0", st.get_option("server.port")  # noqa: S104
    # Until the menu has run once, Streamlit takes the folder pages/ for pages of its older kind, and tells the first
    # visitor who comes by a link that there is no such page.
    PagesManager.uses_pages_directory = False
    print(Message("access.started", {"address": address, "port": port}).text, flush=True)
    cli.main_run.invoke(context)
    return 0


if __name__ == "__main__":
    sys.exit(start(sys.argv[1:]))
