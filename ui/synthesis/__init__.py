"""Synthetic scans on the page: made, walked between, told from real ones, taken away, and what they are worth."""

from ui.cards.synthesis import worth
from ui.synthesis.asking import choose, choose_view
from ui.synthesis.blind import ask
from ui.synthesis.making import make
from ui.synthesis.walking import walk

__all__ = ["ask", "choose", "choose_view", "make", "walk", "worth"]
