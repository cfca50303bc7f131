/** What if an operation were faster: how much earlier a trace would have ended. */

import type { Span } from "../../model/span.ts";
import type { HostClock } from "../clock-skew.ts";
import type { ForestSpan } from "../span-forest.ts";
import type { ClockOptions } from "../trace-clocks.ts";
import { traceTree } from "../trace-tree.ts";
import type { Schedule } from "./schedule.ts";
import { rescheduledNanos, scheduleOf } from "./schedule.ts";
import type { SlackColumns, SpanSlack } from "./span-slack.ts";
import { slackAt, slackColumns } from "./span-slack.ts";

/** What becomes faster, and by how much. */
export interface WhatIfTarget {
  readonly service: string;
  /** Absent: every operation of the service. */
  readonly operation?: string | undefined;
  /** Of the own time of its spans, 0 to 100. */
  readonly percent: number;
}

/** How much is told. */
export interface WhatIfOptions extends ClockOptions {
  /** Most spans listed. Default 100: those with the largest drag say where it helps. */
  readonly maxSpans?: number;
}

/** One trace as it was, and as it would have been. */
export interface WhatIf<S = Span> {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** Spans of the operation. */
  readonly matchingSpans: number;
  /** Of the root, or of the virtual root over several. */
  readonly durationNanos: bigint;
  readonly newDurationNanos: bigint;
  /** The difference; never more than {@link WhatIf.mostSavingNanos}. */
  readonly savingNanos: bigint;
  /** What the operation itself has of the critical path. */
  readonly criticalSelfNanos: bigint;
  /** `percent` of that, rounded up: the saving if nothing else took the operation's place on the path. */
  readonly mostSavingNanos: bigint;
  /** Spans of the operation with their drag and slack: largest drag first, then least slack, then in order of the tree. */
  readonly spans: readonly SpanSlack<S>[];
  /** The hosts whose clock was set, by host. */
  readonly clocks: readonly HostClock[];
}

const DEFAULT_MAX_SPANS = 100;

/**
 * Schedules the trace anew with the operation's own time shortened: whatever waited for one of its spans moves forward,
 * what waited for something else stays, and every parent still ends after the last child it waits for. Own time is
 * shortened piece by piece in whole nanoseconds, rounded down. 0 percent changes nothing, and more percent never save less.
 *
 * It assumes that what waited still waits, and that calls take as long as they took: no less load, no cache, no queue.
 *
 * @example
 * whatIf(trace, { service: "payment", operation: "POST", percent: 30 }).savingNanos;
 *
 * @throws RangeError when the trace has no span, or `percent` is not from 0 to 100.
 */
export function whatIf<S extends ForestSpan = Span>(
  trace: { readonly traceId: string; readonly spans: readonly S[] },
  target: WhatIfTarget,
  options: WhatIfOptions = {},
): WhatIf<S> {
  const { maxSpans = DEFAULT_MAX_SPANS } = options;
  checkPercent(target.percent);
  const schedule = scheduleOf(traceTree(trace, options));
  const columns = slackColumns(schedule);
  const matches = matchesOf(schedule, target);
  const { startNanos, endNanos } = schedule.tree.root;
  const ratio = target.percent / 100;
  const newNanos = rescheduledNanos(schedule, (index, nanos) =>
    matches[index] === 1 ? Math.floor(nanos * ratio) : 0,
  );
  const criticalSelf = sumOf(columns.criticalSelf, matches);
  return {
    traceId: trace.traceId,
    matchingSpans: sumOf(matches, matches),
    durationNanos: BigInt(endNanos - startNanos),
    newDurationNanos: BigInt(newNanos),
    savingNanos: BigInt(endNanos - startNanos - newNanos),
    criticalSelfNanos: BigInt(criticalSelf),
    mostSavingNanos: BigInt(Math.ceil(criticalSelf * ratio)),
    spans: heaviest(schedule, columns, matches, maxSpans),
    clocks: schedule.tree.clocks,
  };
}

function checkPercent(percent: number): void {
  if (percent >= 0 && percent <= 100) return;
  throw new RangeError(`percent: expected a number from 0 to 100, got ${percent}`);
}

function matchesOf({ tree }: Schedule<ForestSpan>, { service, operation }: WhatIfTarget): Uint8Array {
  return Uint8Array.from(tree.nodes, ({ span }) => {
    const isTarget = span?.serviceName === service && (operation === undefined || span.name === operation);
    return isTarget ? 1 : 0;
  });
}

function sumOf(values: ArrayLike<number>, matches: Uint8Array): number {
  let sum = 0;
  for (const [index, matched] of matches.entries()) if (matched === 1) sum += values[index] as number;
  return sum;
}

function heaviest<S extends ForestSpan>(
  schedule: Schedule<S>,
  columns: SlackColumns,
  matches: Uint8Array,
  maxSpans: number,
): SpanSlack<S>[] {
  const { drag, slack } = columns;
  const indexes = Array.from(matches.keys()).filter((index) => matches[index] === 1);
  // Infinities must not meet in a subtraction.
  const compare = (left: number, right: number): number => (left === right ? 0 : left < right ? -1 : 1);
  indexes.sort(
    (left, right) =>
      compare(drag[right] as number, drag[left] as number) ||
      compare(slack[left] as number, slack[right] as number) ||
      left - right,
  );
  return indexes.slice(0, maxSpans).flatMap((index) => slackAt(schedule, columns, index) ?? []);
}
