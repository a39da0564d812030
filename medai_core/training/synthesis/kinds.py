"""Blurred drafts of images: the kinds that a label comes in, and the main components of each kind.

A mixture of probabilistic principal component analysers (Tipping 1999, 10.1162/089976699300016728), one of each label
or, where outlines tell the label, one of all together, fitted before the game at 32 x 32. The generator begins from
such a draft: without, the images of a small set came out alike, and their labels were not heeded.
"""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from medai_core.metrics import Ints
from medai_core.training.synthesis.networks import BASIS, CODED, DRAFT, KINDS, LATENT, SHARPNESS, reach
from medai_core.training.synthesis.outlines import FEW, SHAPED, drawn, painted, terms_of

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

SEEN = 16
"""Main components by which images are told into kinds."""
NEVER = 9.0
"""A place on the first latent number that no draw comes to."""


@dataclass(frozen=True)
class Kinds:
    """What drafts are made of, and where the images that they were fitted to lie.

    Attributes
    ----------
    edges : (labels, kinds - 1), where on the first latent number a kind ends.
    low, high : (n,), the share of the first latent number's draws that are below the image's kind, and not above it.
    terms : (labels * kinds * (1 + coded), basis), the mean and the components of each kind.
    basis, mean : (basis, pixels) and (pixels,), what those are numbers of.
    shapes : (labels * kinds * (1 + shaped), shaped), the same for outlines; empty where there are none.
    code : (n, coded or coded + shaped), how much of each component of its kind an image has.
    """

    edges: Floats
    low: Floats
    high: Floats
    terms: Floats
    basis: Floats
    mean: Floats
    shapes: Floats
    code: Floats

    def latents(self, rows: Ints, tied: NDArray[np.bool_], rng: np.random.Generator) -> Floats:
        """Latent points (n, 128): that of the image of a row where tied, all chance where not."""
        point = rng.normal(size=(len(rows), LATENT)).astype(np.float32)
        share = self.low[rows] + (self.high[rows] - self.low[rows]) * ndtr(point[:, 0])
        own = np.concatenate([np.clip(ndtri(share), -4, 4)[:, None], self.code[rows]], axis=1)
        own = own / reach()[:, : own.shape[1]]
        point[:, : own.shape[1]] = np.where(tied[:, None], own, point[:, : own.shape[1]])
        return point

    def drafts(self, latent: Floats, label: Ints) -> Floats:
        """The drafts of latent points (n, 128), (n, 32, 32, 1), as the generator makes them."""
        heads = self.around(latent, label)
        if not len(self.shapes):
            return heads
        return np.asarray(heads + ops.convert_to_numpy(painted(self._outlined(latent, label), DRAFT)))

    def around(self, latent: Floats, label: Ints) -> Floats:
        """The same without what is inside an outline."""
        flat = self._mixed(latent, label, self.terms, 1, CODED) @ self.basis + self.mean
        return np.asarray(flat.reshape(len(latent), DRAFT, DRAFT, 1), np.float32)

    def outlines(self, latent: Floats, label: Ints, size: int) -> Floats:
        """Their outlines, (n, size, size, 1), where there are any."""
        return np.asarray(ops.convert_to_numpy(drawn(self._outlined(latent, label), size)))

    def _outlined(self, latent: Floats, label: Ints) -> Floats:
        return self._mixed(latent * reach(), label, self.shapes, 1 + CODED, SHAPED).astype(np.float32)

    def _mixed(self, latent: Floats, label: Ints, terms: Floats, first: int, count: int) -> Doubles:
        """The numbers (n, m) that terms (labels * kinds * (1 + count), m) come to."""
        above = 1 / (1 + np.exp(-np.clip(SHARPNESS * (latent[:, :1] - self.edges[label]), -50, 50)))
        one, none = np.ones((len(latent), 1)), np.zeros((len(latent), 1))
        kind = np.concatenate([one, above], axis=1) - np.concatenate([above, none], axis=1)
        amount = np.concatenate([one, latent[:, first : first + count]], axis=1)
        own = terms.reshape(len(self.edges), KINDS, 1 + count, -1)[label]
        return np.asarray(np.einsum("nk,nc,nkcm->nm", kind, amount, own, optimize=True))

    def told(self, network: keras.Model) -> keras.Model:
        """A generator that begins from these drafts."""
        network.get_layer("edges").set_weights([self.edges])
        network.get_layer("kinds").set_weights([self.terms])
        network.get_layer("components").set_weights([self.basis, self.mean])
        if len(self.shapes):
            network.get_layer("outlines").set_weights([self.shapes])
        return network


def kinds_of(images: Floats, label: Ints, labels: int, numbers: Floats | None = None) -> Kinds:
    """The kinds of images (n, 32, 32, 1), -1 to 1, of label numbers (n,), and their main components.

    Parameters
    ----------
    numbers : what their outlines are told by, (n, 11). Then kinds are of all labels together, and only how often each
        comes is a label's own: what lies outside an outline is not to tell the label.
    """
    flat = images.reshape(len(images), -1)
    mean = flat.mean(axis=0)
    left, size, right = np.linalg.svd(flat - mean, full_matrices=False)
    count = min(BASIS, len(size))
    basis = np.zeros((BASIS, flat.shape[1]), np.float32)
    basis[:count] = right[:count]
    points = np.zeros((len(flat), BASIS))
    points[:, :count] = left[:, :count] * size[:count]
    parts = [np.flatnonzero(label == k) for k in range(labels)] if numbers is None else [np.arange(len(label))]
    kind, code = np.zeros(len(flat), np.int64), np.zeros((len(flat), CODED))
    terms = np.zeros((len(parts), KINDS, 1 + CODED, BASIS))
    for part, rows in enumerate(parts):
        kind[rows] = _kinds(points[rows, :SEEN])
        for one in np.unique(kind[rows]):
            own = rows[kind[rows] == one]
            terms[part, one], code[own] = _components(points[own])
    of_all = np.broadcast_to(terms, (labels, *terms.shape[1:])).reshape(-1, BASIS)
    shapes, own_shape = np.zeros((0, SHAPED)), np.zeros((len(flat), 0))
    if numbers is not None:
        shapes, own_shape = terms_of(numbers, label, kind, labels, KINDS)
    code = np.concatenate([code, own_shape], axis=1)
    found = (*_edges(kind, label, labels), of_all, basis, mean, shapes.reshape(-1, SHAPED), code)
    return Kinds(*(np.asarray(x, np.float32) for x in found))


def _edges(kind: Ints, label: Ints, labels: int) -> tuple[Doubles, Doubles, Doubles]:
    """Where on the first latent number each kind of a label ends; the shares of its draws that each image lies between.

    (labels, kinds - 1), (n,) and (n,).
    """
    edges = np.zeros((labels, KINDS - 1))
    low, high = np.zeros(len(kind)), np.ones(len(kind))
    for k in range(labels):
        rows = np.flatnonzero(label == k)
        end = np.cumsum(np.bincount(kind[rows], minlength=KINDS)) / len(rows)
        edges[k] = np.clip(ndtri(end[:-1]), -NEVER, NEVER)
        high[rows], low[rows] = end[kind[rows]], np.concatenate([[0.0], end])[kind[rows]]
    return edges, low, high


def _kinds(points: Doubles) -> Ints:
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


def _parted(rows: Ints, points: Doubles) -> list[Ints]:
    """Two groups of at least 60, as far apart as can be on the main component of these rows."""
    own = points[rows] - points[rows].mean(axis=0)
    along = own @ np.linalg.svd(own, full_matrices=False)[2][0]
    order = np.argsort(along)
    below = np.arange(FEW, len(rows) - FEW + 1)
    total = np.cumsum(along[order])
    between = np.square(total[below - 1]) * (1 / below + 1 / (len(rows) - below))  # of two means; all sum to nothing
    at = int(below[between.argmax()])
    return [rows[order[:at]], rows[order[at:]]]


def _components(points: Doubles) -> tuple[Doubles, Doubles]:
    """The mean and the main components of points, (1 + coded, dimensions), and how much each point has, (n, coded)."""
    mean = points.mean(axis=0)
    left, size, right = np.linalg.svd(points - mean, full_matrices=False)
    count = max(0, min(CODED, len(size) - 1))
    terms, code = np.zeros((1 + CODED, points.shape[1])), np.zeros((len(points), CODED))
    terms[0], terms[1 : 1 + count] = mean, right[:count] * size[:count, None] / np.sqrt(len(points))
    code[:, :count] = left[:, :count] * np.sqrt(len(points))
    return terms, code
