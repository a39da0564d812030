"""Blurred drafts of images: the kinds that a label comes in, and the main components of each kind.

A mixture of probabilistic principal component analysers (Tipping 1999, 10.1162/089976699300016728), one of each label,
fitted before the game at 32 x 32. The generator begins from such a draft: without, the images of a small set came
out alike, and neither their labels nor their outlines were heeded.
"""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from medai_core.metrics import Ints
from medai_core.training.synthesis.networks import BASIS, CODED, DRAFT, EDGE, FIRMNESS, KINDS, LATENT, SHARPNESS

Floats = NDArray[np.float32]

FEW = 60
"""Images that a kind has at least, where its label has as many: it is not to be that of a few people."""
SEEN = 16
"""Main components of a label by which its images are told into kinds."""
OUTLINED = 3.0
"""How much more an outline counts than the image: it is small."""
NEVER = 9.0
"""A place on the first latent number that no draw comes to."""


@dataclass(frozen=True)
class Kinds:
    """What drafts are made of, and where the images that they were fitted to lie.

    Attributes
    ----------
    edges : (labels, kinds - 1), where on the first latent number a kind ends.
    terms : (labels * kinds * (1 + coded), basis), the mean and the components of each kind.
    basis, mean : (basis, pixels) and (pixels,), what those are numbers of.
    low, high : (n,), the share of the first latent number's draws that are below the image's kind, and not above it.
    code : (n, coded), how much of each component of its kind an image has.
    """

    edges: Floats
    terms: Floats
    basis: Floats
    mean: Floats
    low: Floats
    high: Floats
    code: Floats

    def latents(self, rows: Ints, tied: NDArray[np.bool_], rng: np.random.Generator) -> Floats:
        """Latent points (n, 128): that of the image of a row where tied, all chance where not."""
        drawn = rng.normal(size=(len(rows), LATENT)).astype(np.float32)
        share = self.low[rows] + (self.high[rows] - self.low[rows]) * ndtr(drawn[:, 0])
        own = np.concatenate([np.clip(ndtri(share), -4, 4)[:, None], self.code[rows]], axis=1)
        drawn[:, : own.shape[1]] = np.where(tied[:, None], own, drawn[:, : own.shape[1]])
        return drawn

    def drafts(self, latent: Floats, label: Ints, channels: int) -> Floats:
        """The drafts of latent points (n, 128), (n, 32, 32, channels), as the generator makes them."""
        above = 1 / (1 + np.exp(-np.clip(SHARPNESS * (latent[:, :1] - self.edges[label]), -50, 50)))
        one, none = np.ones((len(latent), 1)), np.zeros((len(latent), 1))
        kind = np.concatenate([one, above], axis=1) - np.concatenate([above, none], axis=1)
        amount = np.concatenate([one, latent[:, 1 : 1 + CODED]], axis=1)
        terms = self.terms.reshape(len(self.edges), KINDS, 1 + CODED, BASIS)[label]
        numbers = np.einsum("nk,nc,nkcb->nb", kind, amount, terms, optimize=True)
        flat = numbers @ self.basis + self.mean
        image = np.asarray(flat.reshape(len(latent), DRAFT, DRAFT, channels), np.float32)
        if channels > 1:
            outline = image[..., 1:] + 1
            share = outline / (outline.max(axis=(1, 2), keepdims=True) + 1e-3)
            image[..., 1:] = np.tanh(FIRMNESS * (share - EDGE))
        return image

    def told(self, network: keras.Model) -> keras.Model:
        """A generator that begins from these drafts."""
        network.get_layer("edges").set_weights([self.edges])
        network.get_layer("kinds").set_weights([self.terms])
        network.get_layer("components").set_weights([self.basis, self.mean])
        return network


def kinds_of(images: Floats, label: Ints, labels: int) -> Kinds:
    """The kinds of images (n, 32, 32, channels), -1 to 1, of label numbers (n,), and their main components."""
    weight = np.array([1.0, OUTLINED][: images.shape[-1]], np.float32)
    flat = (images * weight).reshape(len(images), -1)
    mean = flat.mean(axis=0)
    left, size, right = np.linalg.svd(flat - mean, full_matrices=False)
    count = min(BASIS, len(size))
    basis = np.zeros((BASIS, flat.shape[1]), np.float32)
    basis[:count] = right[:count]
    points = np.zeros((len(flat), BASIS))
    points[:, :count] = left[:, :count] * size[:count]
    edges = np.full((labels, KINDS - 1), NEVER)
    terms = np.zeros((labels, KINDS, 1 + CODED, BASIS))
    low, high, code = np.zeros(len(flat)), np.ones(len(flat)), np.zeros((len(flat), CODED))
    for k in range(labels):
        rows = np.flatnonzero(label == k)
        kind = _kinds(points[rows, :SEEN])
        end = np.cumsum(np.bincount(kind)) / len(rows)
        edges[k, : len(end) - 1] = ndtri(end[:-1])
        high[rows], low[rows] = end[kind], np.concatenate([[0.0], end])[kind]
        for one in range(len(end)):
            own = rows[kind == one]
            terms[k, one], code[own] = _components(points[own])
    weights = np.tile(weight, DRAFT * DRAFT)
    numbers = (edges, terms.reshape(-1, BASIS), basis / weights, mean / weights, low, high, code)
    return Kinds(*(np.asarray(x, np.float32) for x in numbers))


def _kinds(points: NDArray[np.float64]) -> Ints:
    """The kind of each point, at most 8 and none of fewer than 60: what is spread widest is parted, again and again."""
    groups = [np.arange(len(points))]
    while len(groups) < KINDS and (large := [g for g in groups if len(g) >= 2 * FEW]):
        widest = max(large, key=lambda rows: float(points[rows].var(axis=0).sum()) * len(rows))
        at = next(i for i, g in enumerate(groups) if g is widest)
        groups[at : at + 1] = _parted(widest, points)
    kind = np.zeros(len(points), np.int64)
    for k, rows in enumerate(groups):
        kind[rows] = k
    return kind


def _parted(rows: Ints, points: NDArray[np.float64]) -> list[Ints]:
    """Two groups of at least 60, as far apart as can be on the main component of these rows."""
    own = points[rows] - points[rows].mean(axis=0)
    along = own @ np.linalg.svd(own, full_matrices=False)[2][0]
    order = np.argsort(along)
    below = np.arange(FEW, len(rows) - FEW + 1)
    total = np.cumsum(along[order])
    between = np.square(total[below - 1]) * (1 / below + 1 / (len(rows) - below))  # of two means; all sum to nothing
    at = int(below[between.argmax()])
    return [rows[order[:at]], rows[order[at:]]]


def _components(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mean and the main components of points, (1 + coded, dimensions), and how much each point has, (n, coded)."""
    mean = points.mean(axis=0)
    left, size, right = np.linalg.svd(points - mean, full_matrices=False)
    count = max(0, min(CODED, len(size) - 1))
    terms, code = np.zeros((1 + CODED, points.shape[1])), np.zeros((len(points), CODED))
    terms[0], terms[1 : 1 + count] = mean, right[:count] * size[:count, None] / np.sqrt(len(points))
    code[:, :count] = left[:, :count] * np.sqrt(len(points))
    return terms, code
