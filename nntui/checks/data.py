"""The check of the data: what is missing, constant, doubled, rare, sorted or given away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from nntui.checks.check import Check, Part, Result, Status, gravest
from nntui.checks.subject import Subject, named
from nntui.data.table import Table
from nntui_core.findings.basis import classes_of
from nntui_core.findings.finding import Cure
from nntui_core.findings.labels import ImbalancedClasses
from nntui_core.findings.wording import between
from nntui_core.memory import Array
from nntui_core.words import many


class Data(Check):
    """The table and its parts, before anything is computed from it."""

    id: ClassVar[str] = "data"
    node: ClassVar[str] = "input"
    definition: ClassVar[str] = (
        "shares of missing numbers, constant columns, rows that stand twice and held-out rows that also stand in the "
        "training part (beyond what chance gives where columns have few values); the rarest class over an equal share; "
        'how much more often than by chance neighboring rows have the same class where order is "given"; the '
        "correlation of each column with the target; training rows a column, and held-out rows over all"
    )
    limits: ClassVar[str] = (
        "warning: a column with half of its numbers missing, a constant column, 5 % of the rows twice, a class with a tenth "
        "of its share, fewer than 5 training rows a column or a class, more rows held out than trained on; failure: all "
        "targets the same, 1 % of the held-out rows in the training part, sorted rows, a correlation of 0.999"
    )
    why: ClassVar[str] = (
        "a held-out row that was trained on measures memory; a column that is the target will not be there when it is needed; "
        "batches of one class pull the weights to and fro; a constant column and a class that hardly occurs teach nothing"
    )
    cure: ClassVar[str] = "mend the table, or drop the column, shuffle the rows, weigh the classes"
    source: ClassVar[str] = (
        "Kaufman et al. 2012 (leakage); He & Garcia 2009 (imbalance); Peduzzi et al. 1996 (rows a column)"
    )
    DOUBLE, LEAK, EQUAL, SORTED, GIVEN = 0.05, 0.01, 0.999, 0.5, "given"
    FEW: ClassVar[int] = 5
    SHORT: ClassVar[int] = 32
    """Rows below which an order cannot lead far astray before the epoch is over."""
    MISSING: ClassVar[float] = 0.5

    def run(self, s: Subject) -> Result:
        parts = list(self._parts(s))
        if not parts:
            return self.result("pass", None, None, self._summary(s))
        worst = gravest(parts)
        bad = [p.message for p in parts if p.status in ("warn", "fail")]
        apart = [p.message for p in parts if p.status == "pass" and p.limit == self.LEAK]
        message = "; ".join(bad) if bad else " · ".join([self._summary(s), *apart])
        cures = [
            c
            for p in sorted(parts, key=lambda p: p is not worst)
            if p.status == worst.status
            for c in p.cures
        ]
        return self.result(worst.status, worst.value, worst.limit, message, cures, least=worst.least)

    def _summary(self, s: Subject) -> str:
        table, split = s.experiment.table, s.experiment.split
        told = [many(len(table), "row"), many(len(table.features), "column")]
        if table.classes is not None:
            shares = (
                100
                * np.bincount(table.y[split.train], minlength=len(table.classes))
                / max(1, len(split.train))
            )
            each = between(f"{shares.min():.1f}", f"{shares.max():.1f}")
            told.append(f"{many(len(table.classes), 'class', 'classes')}, {each} % each")
        return " · ".join(told)

    def _parts(self, s: Subject) -> Iterator[Part]:
        table, split = s.experiment.table, s.experiment.split
        held = np.concatenate([split.validation, split.test])
        x = table.rows(split.train)
        yield from self._targets(s, table.y[split.train])
        yield from self._columns(s, table, x)
        yield from self._doubled(table, x, split.train, held)
        yield from self._sorted(s, table.y[split.train])
        if s.experiment.settings.source.file_fields():
            yield from self._leaking(s, table, x, table.y[split.train])
        yield from self._few(s, table, len(split.train), len(held))

    def _targets(self, s: Subject, y: Array) -> Iterator[Part]:
        if len(y) > 1 and (np.asarray(y) == y[0]).all():
            yield Part("fail", 0.0, None, "all targets of the training part are the same: there is nothing to learn",
                       [Cure(None, "check which column is the target")])  # fmt: skip
            return
        classes = classes_of(s.experiment.trainer, s.experiment.trainer.train.y)
        table = s.experiment.table
        if classes is None or table.classes is None or len(table.classes) < 2:
            return
        counts = np.bincount(classes.astype(np.intp), minlength=len(table.classes))
        rarest = int(counts.argmin())
        share, limit = float(counts[rarest]) * len(counts) / max(1, len(classes)), ImbalancedClasses.limit
        weights = getattr(s.experiment.settings.data, "class_weights", "none")
        known = hasattr(s.experiment.settings.data, "class_weights")
        cures = [Cure("data.class_weights=balanced", "weigh each class by how rare it is")] if known else []
        yield Part(
            "warn" if share < limit and weights == "none" else "pass", share, limit,
            f"{counts[rarest]} of {len(classes)} training rows are of class {table.classes[rarest]}",
            [*cures, Cure(None, "bring more rows of the rare class")], least=True,
        )  # fmt: skip

    def _columns(self, s: Subject, table: Table, x: Array) -> Iterator[Part]:
        missing = np.isnan(x).mean(axis=0)
        holes = np.flatnonzero(missing > self.MISSING)
        if len(holes):
            yield Part(
                "warn", float(missing.max()), self.MISSING,
                f"{named(table.features[k] for k in holes)}: more than half of the numbers are missing", _drop(s, table, holes),
            )  # fmt: skip
        if table.image is not None or len(x) < 2:
            return  # edges of pictures are often constant
        flat = np.flatnonzero((x == x[0]).all(axis=0))
        if len(flat):
            share = len(flat) / x.shape[1]
            yield Part(
                "warn",
                share,
                0.0,
                f"constant: {named(table.features[k] for k in flat)}",
                _drop(s, table, flat),
            )

    def _doubled(self, table: Table, x: Array, train: Array, held: Array) -> Iterator[Part]:
        kind = np.array([hash(row.tobytes()) for row in np.ascontiguousarray(table.stored)])
        chance = _chance(x)
        own = kind[train]
        twice = 1 - len(np.unique(own)) / max(1, len(own))
        natural = min(1.0, len(own) * chance)
        if twice > self.DOUBLE and twice > 2 * natural:
            yield Part("warn", twice, self.DOUBLE, f"{twice:.0%} of the training rows repeat another's inputs",
                       [Cure(None, "remove the rows that stand twice")])  # fmt: skip
        if not len(held):
            return
        seen = float(np.isin(kind[held], own).mean())
        leaks = seen > self.LEAK and seen * len(held) >= 2 and seen > 2 * natural
        told = f"{seen:.0%} of the held-out rows also stand in the training part"
        if not leaks:
            told = f"{told}, as chance gives" if seen else "no row in two parts"
        yield Part(
            "fail" if leaks else "pass", seen, self.LEAK, told,
            [Cure(None, "remove the rows that stand twice before the parts are drawn")],
        )  # fmt: skip

    def _sorted(self, s: Subject, y: Array) -> Iterator[Part]:
        trainer = s.experiment.trainer
        if (
            trainer.spec.order != self.GIVEN
            or trainer.batch_size >= len(trainer.train)
            or len(y) < self.SHORT
        ):
            return
        if s.experiment.table.classes is not None:
            chance = float(np.square(np.bincount(np.asarray(y, np.intp)) / len(y)).sum())
            same = float((y[1:] == y[:-1]).mean())
            value = (same - chance) / (1 - chance) if chance < 1 else 0.0
            told = f"neighboring rows have the same class {same:.0%} of the time ({chance:.0%} by chance)"
        else:
            one = np.asarray(y, np.float64).reshape(len(y), -1)[:, 0]
            value = float(np.corrcoef(one[1:], one[:-1])[0, 1]) if one.std() else 0.0
            told = f"neighboring rows' targets correlate by {value:.2f}"
        status: Status = "fail" if value > self.SORTED else "pass"
        yield Part(status, value, self.SORTED, f"the rows are trained on in their order, and {told}",
                   [Cure("train.order=shuffle", "shuffle the rows")])  # fmt: skip

    def _leaking(self, s: Subject, table: Table, x: Array, y: Array) -> Iterator[Part]:
        if x.shape[1] < 2 or len(x) < 8 or table.image is not None:
            return
        if table.reconstructs:
            return  # the targets are the inputs
        holes = np.isnan(x)
        x = np.where(holes, np.nan_to_num(x).sum(axis=0) / np.maximum(1, (~holes).sum(axis=0)), x)
        found = _agreement(x, y, classes=table.classes is not None)
        for k, name in enumerate(table.features):
            if name in table.categories:
                found[k] = _purity(x[:, k], y) if table.classes is not None else 0.0
        guilty = np.flatnonzero(found >= self.EQUAL)
        largest = float(found.max(initial=0.0))
        if len(guilty):
            yield Part(
                "fail", largest, self.EQUAL,
                f"{named(table.features[k] for k in guilty)}: all but the target itself (correlation {largest:.4f})",
                _drop(s, table, guilty),
            )  # fmt: skip

    def _few(self, s: Subject, table: Table, train: int, held: int) -> Iterator[Part]:
        if not s.trained or not held:
            return
        share = held / (train + held)
        if share > 0.5:
            key = (
                "validation" if len(s.experiment.split.validation) >= len(s.experiment.split.test) else "test"
            )
            yield Part("warn", share, 0.5, f"{held} rows are held out and {train} are trained on",
                       [Cure(f"data.{key}=0.2", "hold out less")])  # fmt: skip
        columns = 1 if table.image is not None else len(table.features)
        wanted = self.FEW * max(columns, len(table.classes or ()))
        yield Part(
            "warn" if train < wanted else "pass", train / wanted * self.FEW, float(self.FEW),
            f"{train} training rows for {columns} columns" if train < wanted else f"{train} rows are trained on",
            [Cure(None, "bring more rows, or fewer columns")], least=True,
        )  # fmt: skip


def _drop(s: Subject, table: Table, columns: Array) -> list[Cure]:
    """Without those columns, where the source can drop columns."""
    source = s.experiment.settings.source
    names = [table.features[k] for k in columns]
    text = f"drop {named(names)}"
    if not hasattr(source, "drop"):
        return [Cure(None, text)]
    dropped = [*(getattr(source, "drop", None) or ()), *names]
    return [Cure(f"data.drop={json.dumps(dropped, ensure_ascii=False)}", text)]


def _chance(x: Array) -> float:
    """The probability that two rows are equal if columns were independent."""
    out = 1.0
    for column in x.T:
        if out * len(x) < 1e-9:
            break
        _, counts = np.unique(column, return_counts=True)
        out *= float(np.square(counts / len(column)).sum())
    return out


def _agreement(x: Array, y: Array, *, classes: bool) -> Array:
    """For each column, |correlation| with the target; of classes the correlation ratio: the root of the share of its
    variance that lies between them."""
    with np.errstate(all="ignore"):
        whole = x.var(axis=0)
        if classes:
            kinds, place = np.unique(y, return_inverse=True)
            means = np.array([x[place == k].mean(axis=0) for k in range(len(kinds))])
            found = np.sqrt(np.square(means[place] - x.mean(axis=0)).mean(axis=0) / whole)
        else:
            target = np.asarray(y, np.float64).reshape(len(y), -1)
            centered, away = x - x.mean(axis=0), target - target.mean(axis=0)
            both = (centered.T @ away) / len(x)
            found = np.abs(both / np.sqrt(np.outer(whole, away.var(axis=0)))).max(axis=1)
    return np.asarray(np.nan_to_num(found, nan=0.0, posinf=0.0))


def _purity(column: Array, y: Array) -> float:
    """Share of the rows whose class a category's value tells; 0 where it has more values than there are classes."""
    values, place = np.unique(column, return_inverse=True)
    kinds, at = np.unique(y, return_inverse=True)
    if not 1 < len(values) <= len(kinds):
        return 0.0
    counts = np.zeros((len(values), len(kinds)))
    np.add.at(counts, (place, at), 1)
    return float(counts.max(axis=1).sum() / len(column))
