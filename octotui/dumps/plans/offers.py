"""What each order of capture would cost, side by side, so that a person can choose.

The model is kept simple. Alone, a capture pauses its target for as long as its estimate says. Together, each keeps one
core busy and all write to the same disk: `FULL_SPEED` of them, or as many as there are cores, run as fast as alone;
where more are under way they share that evenly.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from octotui.dumps.estimating.estimates import estimate
from octotui.dumps.estimating.history import History
from octotui.dumps.model import DumpPlan, Medium, Offer, Order, Step
from octotui.dumps.plans.preflight import long_pause
from octotui.dumps.plans.together import HOLDABLE, backend_for, unheld_remarks
from octotui.text import printable
from octotui.units import seconds_text

NAMES = {Order.ONE_BY_ONE: "one by one", Order.TOGETHER: "together"}

FULL_SPEED = 2
"""Captures side by side that one disk serves as fast as one."""

STOP_SECONDS = 0.002
"""From one stop of a hold to the next."""

UNHELD_SECONDS = 0.2
"""Until the runtime of a process that is not held has started its createdump."""

BETWEEN_SECONDS = 0.15
"""From the end of one pause to the next one: the dump is verified, the next capture made ready."""


def with_offers(plan: DumpPlan, history: History, cores: int | None = None) -> DumpPlan:
    """The plan with its offers; pauses, and what warns of them, are those of the order that it is made for."""
    plan = replace(plan, offers=offers_of(plan.steps, history, cores))
    if plan.request.order is not Order.TOGETHER or not plan.offers:
        return plan
    pauses = together_pauses(plan.steps, history, cores)
    steps = tuple(
        replace(step, estimate=replace(step.estimate, pause_seconds=pause))
        for step, pause in zip(plan.steps, pauses, strict=True)
    )
    others = [remark for remark in plan.remarks if remark.code != "long-pause"]
    long = [remark for step in steps for remark in long_pause(step)]
    return replace(plan, steps=steps, remarks=(*long, *others, *unheld_remarks(steps)))


def offers_of(steps: Sequence[Step], history: History, cores: int | None = None) -> tuple[Offer, ...]:
    """One offer of each order, one by one first; () where there is no choice. `steps` have estimates of one alone."""
    if len(steps) < 2:
        return ()
    alone = [pause_alone(step, Order.ONE_BY_ONE, history) for step in steps]
    shared = together_pauses(steps, history, cores)
    gaps = BETWEEN_SECONDS * (len(steps) - 1)
    total = sum(alone) + gaps
    are_held = all(backend_for(step, Order.TOGETHER) == HOLDABLE for step in steps)
    apart = STOP_SECONDS * len(steps) if are_held else UNHELD_SECONDS
    return (
        Offer(Order.ONE_BY_ONE, max(alone), total, sum(alone[:-1]) + gaps, "shortest single pauses"),
        Offer(
            Order.TOGETHER,
            max(shared),
            max(shared),
            apart,
            f"one consistent moment, {_share_words(max(shared), total)}",
        ),
    )


def chosen_offer(plan: DumpPlan) -> Offer | None:
    """The offer that the plan would carry out; None where there is no choice."""
    return next((offer for offer in plan.offers if offer.order is plan.request.order), None)


def offer_words(offer: Offer) -> str:
    """What an order costs and why one would choose it, for both faces."""
    apart = seconds_text(max(0.01, offer.moment_seconds))
    return (
        f"{NAMES[offer.order]}: longest pause ~{seconds_text(offer.longest_pause_seconds)}, "
        f"~{seconds_text(offer.total_seconds)} in all, dumps ~{apart} apart; {offer.reason}"
    )


def step_notes(plan: DumpPlan) -> list[str]:
    """What is special about the files of single steps, said once however many steps share it."""
    found: dict[str, list[str]] = {}
    for step in plan.steps:
        name = f"{step.target.label or step.target.name} {step.target.key.pid}"
        if step.medium is Medium.MEMORY:
            why = f": {printable(step.medium_reason, 300)}" if step.medium_reason else ""
            found.setdefault(f"written to memory first{why}", []).append(name)
    return [f"{', '.join(names)}: {text}" for text, names in found.items()]


def disk_reasons(plan: DumpPlan) -> list[str]:
    """Why dumps are written straight to disk, where there is a word on it, said once."""
    reasons = [printable(step.medium_reason, 300) for step in plan.steps if step.medium is Medium.DISK]
    return [f"straight to disk: {reason}" for reason in dict.fromkeys(reasons) if reason]


def together_pauses(steps: Sequence[Step], history: History, cores: int | None = None) -> tuple[float, ...]:
    """Seconds that the target of each step stands still when all are captured at one moment."""
    alone = [pause_alone(step, Order.TOGETHER, history) for step in steps]
    return shared_seconds(alone, min(FULL_SPEED, cores or _cores()))


def pause_alone(step: Step, order: Order, history: History) -> float:
    """Seconds of pause of this step by itself, by the backend that it has in this order.

    For another backend than the step's own it is longer or shorter by as much as the history finds the two to differ.
    """
    backend = backend_for(step, order)
    if backend == step.backend:
        return step.estimate.pause_seconds
    own, other = (
        estimate(step.facts, step.type, name, history, step.medium).pause_seconds for name in (step.backend, backend)
    )
    return step.estimate.pause_seconds * other / own


def shared_seconds(alone: Sequence[float], at_full_speed: int) -> tuple[float, ...]:
    """When each of several pieces of work is done that begin at once, `at_full_speed` of which run as fast as alone."""
    done = [0.0] * len(alone)
    now, worked = 0.0, 0.0
    order = sorted(range(len(alone)), key=lambda index: alone[index])
    for finished, index in enumerate(order):
        under_way = len(order) - finished
        now += (alone[index] - worked) * max(1.0, under_way / at_full_speed)
        worked = alone[index]
        done[index] = now
    return tuple(done)


def _share_words(seconds: float, of: float) -> str:
    share = seconds / of if of > 0 else 1.0
    if share < 0.4:
        return "far less total time"
    if share < 0.65:
        return "about half the total time"
    return "less total time" if share < 0.9 else "about the same total time"


def _cores() -> int:
    return len(os.sched_getaffinity(0))
