"""Stays watched hour by hour on the page: asked for, replayed, ranked as a ward, and followed live."""

from ui.monitor.asking import ask, choose, choose_view
from ui.monitor.live import live
from ui.monitor.replay import one_stay
from ui.monitor.ward import ward

__all__ = ["ask", "choose", "choose_view", "live", "one_stay", "ward"]
