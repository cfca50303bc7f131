/** Choosing the spans that stand for others. */

import type { SeriesGrid } from "./series-grid.ts";

/** Which span it is. */
export interface SpanIdentity {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
}

/** A span that was chosen. */
export interface PickedSpan extends SpanIdentity {
  /** Number of its series. */
  readonly series: number;
  readonly interval: number;
  readonly timeUnixNano: bigint;
  /** What was measured of it, in the units it was measured in; NaN when spans are only counted. */
  readonly value: number;
}

/** A span that may be chosen; who it is is asked only then. */
export interface OfferedSpan extends Omit<PickedSpan, keyof SpanIdentity> {
  readonly identify: () => SpanIdentity;
}

interface Ranked {
  readonly rank: number;
  readonly span: PickedSpan;
}

/**
 * Chooses spans spread over time: time is parted as finely as there may be spans, and of each part those are taken whose
 * start scatters first. So the choice does not depend on the order in which spans come.
 */
export class ExemplarPicker {
  readonly #slots: Ranked[][] = [];
  readonly #perSlot: number;
  readonly #slotsPerInterval: number;
  /** Parts of time that spans are chosen in; 0: none are chosen. */
  readonly slots: number;

  /** @param most - exemplars of all series, 0 or more */
  constructor({ intervals }: SeriesGrid, most: number) {
    const slots = Math.min(most, intervals);
    this.#perSlot = slots === 0 ? 0 : Math.floor(most / slots);
    this.#slotsPerInterval = slots / intervals;
    this.slots = slots;
  }

  /** Spans chosen in each part of time. */
  get perSlot(): number {
    return this.#perSlot;
  }

  /** Takes a span, or not. */
  offer({ identify, ...offered }: OfferedSpan): void {
    if (this.#perSlot === 0) return;
    const slot = Math.floor(offered.interval * this.#slotsPerInterval);
    this.#slots[slot] ??= [];
    const picked = this.#slots[slot];
    const rank = scatter(offered.timeUnixNano);
    const last = picked.at(-1);
    if (picked.length >= this.#perSlot && last !== undefined && rank > last.rank) return;
    picked.push({ rank, span: { ...offered, ...identify() } });
    picked.sort(compareRanked);
    if (picked.length > this.#perSlot) picked.pop();
  }

  /** What was chosen, by time. */
  picked(): readonly PickedSpan[] {
    return this.#slots
      .flat()
      .map(({ span }) => span)
      .sort(
        (left, right) => compareBigints(left.timeUnixNano, right.timeUnixNano) || compareIds(left, right),
      );
  }
}

/** A number that says nothing of how times are ordered. */
function scatter(timeUnixNano: bigint): number {
  const low = Number(BigInt.asUintN(32, timeUnixNano));
  const high = Number(BigInt.asUintN(32, timeUnixNano >> 32n));
  const mixed = Math.imul(low ^ Math.imul(high, 0x85ebca6b), 0x9e3779b1);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

function compareRanked(left: Ranked, right: Ranked): number {
  return left.rank - right.rank || compareIds(left.span, right.span);
}

function compareIds(left: PickedSpan, right: PickedSpan): number {
  if (left.traceId !== right.traceId) return left.traceId < right.traceId ? -1 : 1;
  if (left.spanId !== right.spanId) return left.spanId < right.spanId ? -1 : 1;
  return left.value - right.value;
}

function compareBigints(left: bigint, right: bigint): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
