"""The one recipe of all risk models: choose in cross-validation, calibrate there, test once on people held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import t as student
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from medai_core.cards import (
    Applicability,
    Approach,
    Calibration,
    Card,
    Measured,
    PredictorSpec,
    SurvivalCurve,
    read_card,
)
from medai_core.cards.measured import QUANTILES, PredictorStatistics
from medai_core.evaluation.patients import recalibration, weighted_auc
from medai_core.metrics import Floats, Ints
from medai_core.metrics.survival import by_horizon, concordance
from medai_core.prognosis.attribution import contributions
from medai_core.prognosis.cohorts import Cohort, folds, with_outcomes
from medai_core.prognosis.risk import RiskModel, logistic, save_model
from medai_core.prognosis.risk.estimators import Additive, Kernel, Trees
from medai_core.sources.encoding import Encoding, fit_encoding
from medai_core.sources.tables import open_table
from medai_core.training import recipes, risk_report
from medai_core.training.predictors import centroids, fit_estimator
from medai_core.training.settings import FEWEST, Setting, settings_of

FOLDS = 5
BACKGROUND = 24
"""Centroids that contributions are counted from."""


@dataclass(frozen=True, eq=False)
class Developed:
    """What cross-validation over the development people left behind.

    Attributes
    ----------
    setting : the chosen one. score : (n,), held-out scores of it. rivals : held-out scores of the plain models.
    """

    setting: Setting
    score: Floats
    rivals: dict[str, Floats]
    approaches: tuple[Approach, ...]


def main(folder: Path) -> None:
    """Fit, measure and write the risk model in ``folder``."""
    given = recipes.options(folder)
    earlier = recipes.begun_card(given, folder)
    card = read_card(given.out)
    assert card.prediction is not None
    if given.smoke:
        recipes.draw_cohort(card, given.data / card.prediction.develop)
    develop, held, where = parts_of(card, given)
    encoding = fit_encoding(develop.rows, card.predictors)
    X = encoding.encode(develop.rows)
    chosen = compare(card, encoding, X, develop, given)
    measured = drafted(card, develop, chosen, given)
    copies = resampled(develop, 3 if given.smoke else chosen.setting.values.get("refits", 40), given.seed)
    estimator = fit_estimator(chosen.setting, encoding, X, develop.outcomes, copies, given.seed)
    model = assembled(card, measured, encoding, X, estimator, given.seed)
    measured = described(model, develop, X, chosen)
    model = replace(model, card=replace(card, measured=measured))
    save_model(model, given.out / "model.npz")
    if given.smoke:
        recipes.write_hashes(measured, given.out)
        recipes.say("smoke run: fitted, calibrated and written")
        return
    rivals = {n: m(encoding, X, develop, encoding.encode(held.rows)) for n, m in RIVALS.items() if _asks(card, n)}
    measured = risk_report.tested(model, develop, held, where, chosen.score, chosen.rivals, rivals, earlier)
    recipes.write_hashes(measured, given.out)
    risk_report.write_example(model, given.out)


def parts_of(card: Card, given: recipes.Options) -> tuple[Cohort, Cohort, str]:
    """The people to develop on, those held out, and what the latter are called."""
    assert card.prediction is not None
    everybody, _ = with_outcomes(open_table(given.data / card.prediction.develop), card)
    if card.prediction.external and not given.smoke:
        other, _ = with_outcomes(open_table(given.data / card.prediction.external), card)
        return everybody, other, "external"
    part = folds(everybody.outcomes.group, everybody.outcomes.event, FOLDS, given.seed)
    return everybody.chosen(np.flatnonzero(part > 0)), everybody.chosen(np.flatnonzero(part == 0)), "test"


def resampled(cohort: Cohort, count: int, seed: int) -> list[Floats]:
    """How often each person is drawn when patients are drawn with replacement, (n,) a copy."""
    rng = np.random.default_rng(seed)
    groups = int(cohort.outcomes.group.max()) + 1
    present = np.unique(cohort.outcomes.group)
    return [
        np.bincount(rng.choice(present, len(present)), minlength=groups)[cohort.outcomes.group].astype(np.float64)
        for _ in range(count)
    ]


def order(cohort: Cohort, score: Floats) -> float:
    """What settings are compared by: the C-index where there are times, else the area under the curve."""
    o = cohort.outcomes
    if o.time is not None and o.died is not None:
        return concordance(o.time, o.died, score)
    return weighted_auc(o.event, score, o.weight)


def compare(card: Card, encoding: Encoding, X: Floats, cohort: Cohort, given: recipes.Options) -> Developed:
    """Every setting and the plain models in one cross-validation over patients."""
    assert card.prediction is not None
    count = 2 if given.smoke else 10 if len(cohort) < 1000 else FOLDS
    fold = folds(cohort.outcomes.group, cohort.outcomes.event, count, given.seed + 1)
    settings = settings_of(card.prediction.estimator, len(cohort), card.prediction.horizon_years, smoke=given.smoke)
    scores = [held_out(setting, encoding, X, cohort, fold, given.seed) for setting in settings]
    worth = [order(cohort, s) for s in scores]
    best = int(np.argmax(worth))
    rivals = {n: _cross(m, encoding, X, cohort, fold) for n, m in RIVALS.items() if _asks(card, n)}
    measure = "c_index" if cohort.outcomes.time is not None else "auc"
    tried = [Approach(s.name, measure, v, i == best) for i, (s, v) in enumerate(zip(settings, worth, strict=True))]
    tried += [Approach(name, measure, order(cohort, score)) for name, score in rivals.items()]
    for approach in tried:
        recipes.say(f"{card.name}: {approach.name}: {approach.measure} {approach.value:.4f}")
    return Developed(settings[best], scores[best], rivals, tuple(tried))


def held_out(setting: Setting, encoding: Encoding, X: Floats, cohort: Cohort, fold: Ints, seed: int) -> Floats:
    """Each person's score by an estimator that never saw them, (n,)."""
    score = np.zeros(len(X))
    for k in range(int(fold.max()) + 1):
        seen = np.flatnonzero(fold != k)
        fitted = fit_estimator(setting, encoding, X[seen], cohort.outcomes.chosen(seen), (), seed)
        score[fold == k] = fitted.scores(X[fold == k])
    return score


def plain_logistic(encoding: Encoding, X: Floats, cohort: Cohort, new: Floats) -> Floats:
    """Log-odds of ``new`` by a logistic regression as it comes."""
    o = cohort.outcomes
    kept = o.weight > 0
    fitted = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    fitted.fit(X[kept], o.event[kept], logisticregression__sample_weight=o.weight[kept])
    return np.asarray(fitted.decision_function(new))


def plain_boosting(encoding: Encoding, X: Floats, cohort: Cohort, new: Floats) -> Floats:
    """Log-odds of ``new`` by gradient boosting as it comes."""
    o = cohort.outcomes
    kept = o.weight > 0
    fitted = HistGradientBoostingClassifier(random_state=0).fit(X[kept], o.event[kept], o.weight[kept])
    return np.asarray(fitted.decision_function(new))


def age_alone(encoding: Encoding, X: Floats, cohort: Cohort, new: Floats) -> Floats:
    """The age, in years."""
    place = next(i for i, p in enumerate(encoding.predictors) if p.name == "age")
    return np.asarray(new[:, int(np.flatnonzero(encoding.owner == place)[0])])


RIVALS = {"plain logistic regression": plain_logistic, "plain boosting": plain_boosting, "age alone": age_alone}


def _asks(card: Card, rival: str) -> bool:
    return rival != "age alone" or any(p.name == "age" for p in card.predictors)


def _cross(model: object, encoding: Encoding, X: Floats, cohort: Cohort, fold: Ints) -> Floats:
    assert callable(model)
    score = np.zeros(len(X))
    for k in range(int(fold.max()) + 1):
        score[fold == k] = model(encoding, X[fold != k], cohort.chosen(np.flatnonzero(fold != k)), X[fold == k])
    return score


def drafted(card: Card, cohort: Cohort, chosen: Developed, given: recipes.Options) -> Measured:
    """Calibration and the survival curve, from the held-out scores of the cross-validation."""
    assert card.prediction is not None
    o = cohort.outcomes
    intercept, slope = recalibration(o.event, chosen.score, o.weight)
    z = chosen.score * slope + intercept
    prevalence = float(np.average(o.event, weights=o.weight))
    return Measured(
        {},
        {card.findings[0].name: prevalence},
        "share of the development cohort with the event",
        Calibration(float(1 / slope), (0.0, float(intercept))),
        Applicability(0.0),
        (),
        (),
        (),
        chosen.approaches,
        (),
        recipes.provenance(given, f"{card.prediction.develop}, {len(cohort)} rows"),
        risk_quantiles=tuple(float(v) for v in smooth_quantiles(logistic(z), np.linspace(0, 1, 101))),
        survival=survival_curve(cohort, z, card.prediction.horizon_years),
    )


def survival_curve(cohort: Cohort, log_odds: Floats, horizon: float) -> SurvivalCurve | None:
    """Log-odds of the event by each year from those at the horizon, fitted on held-out people."""
    o = cohort.outcomes
    if o.time is None or o.died is None or not horizon:
        return None
    years = np.arange(1, int(min(2 * horizon, np.quantile(o.time, 0.9))) + 1, dtype=np.float64)
    found = []
    for year in years:
        event, weight = by_horizon(o.time, o.died, float(year))
        found.append((0.0, 1.0) if year == horizon else tuple(recalibration(event, log_odds, weight)))
    intercept, slope = zip(*found, strict=True)
    return SurvivalCurve(tuple(map(float, years)), tuple(map(float, intercept)), tuple(map(float, slope)))


def assembled(
    card: Card, measured: Measured, encoding: Encoding, X: Floats, estimator: Additive | Kernel | Trees, seed: int
) -> RiskModel:
    """The model with its background and the distance from its cohort."""
    scale = np.maximum(X.std(axis=0), 1e-9)
    background, share = centroids(X / scale, BACKGROUND, seed)
    numbers = X[:, encoding.is_number]
    covariance = np.atleast_2d(np.cov(numbers, rowvar=False))
    ridge = 1e-3 * np.diag(np.diag(covariance))
    refits = estimator.scores(X[:1], refits=True).shape[1] - 1
    spread = float(student.ppf(0.975, refits - 1))
    precision = np.asarray(np.linalg.inv(covariance + ridge), dtype=np.float64)
    return RiskModel(
        replace(card, measured=measured),
        encoding,
        estimator,
        spread,
        background * scale,
        share,
        numbers.mean(axis=0),
        precision,
    )


def described(model: RiskModel, cohort: Cohort, X: Floats, chosen: Developed) -> Measured:
    """What the development cohort looks like, and how far its people lie from its mean."""
    rng = np.random.default_rng(0)
    some = X[rng.permutation(len(X))[:400]]
    importance = np.abs(contributions(model, some)).mean(axis=0)
    distance = risk_report.distances(model, X)
    predictors = [
        predictor_statistics(p, cohort.rows[p.name], float(importance[j])) for j, p in enumerate(model.card.predictors)
    ]
    limits = Applicability(float(np.quantile(distance, 0.99)), quantiles={"distance_max": 0.99})
    return replace(model.measured, applicability=limits, predictors=tuple(predictors))


def predictor_statistics(p: PredictorSpec, given: pd.Series, importance: float) -> PredictorStatistics:
    """What a predictor looks like in a cohort; quantiles and shares of at least ten people each."""
    missing, known = round(float(given.isna().mean()), 4), given.dropna()
    if p.kind == "number":
        middle = np.full(len(QUANTILES), (p.low + p.high) / 2)
        found = smooth_quantiles(known.to_numpy(dtype=np.float64), np.array(QUANTILES)) if len(known) else middle
        return PredictorStatistics(p.name, missing, importance, quantiles=tuple(map(float, found)))
    counts = known.value_counts()
    shares = {
        c.name: round(float(counts.get(c.name, 0)) / max(len(known), 1), 4)
        for c in p.categories
        if counts.get(c.name, 0) >= FEWEST
    }
    return PredictorStatistics(p.name, missing, importance, shares=shares)


def smooth_quantiles(values: Floats, at: Floats) -> Floats:
    """Quantiles as means of the ten nearest people, so that none is one person's value."""
    ordered = np.sort(values)
    width = min(FEWEST, len(ordered))
    start = np.clip(np.round(at * (len(ordered) - 1)).astype(int) - width // 2, 0, len(ordered) - width)
    return np.array([ordered[s : s + width].mean() for s in start])


__all__: Sequence[str] = ("main",)
