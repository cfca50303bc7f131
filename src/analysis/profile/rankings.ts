/** Which operations matter: three answers to "what is slow", out of one profile. */

import { LatencySketch } from "../latency-sketch.ts";
import type { CallPathProfile } from "./call-path-profile.ts";
import { nanosOfSum } from "./exact-sums.ts";
import type { ProfileExemplars } from "./exemplars.ts";
import { ExemplarSlots } from "./exemplars.ts";
import type { ProfileFrame } from "./frame-table.ts";
import { compareFrames } from "./frame-table.ts";
import { profileTree, shareOf } from "./profile-tree.ts";

/**
 * What operations are ranked by.
 *
 * - `critical`: their share of the critical paths. Only this says what making one faster buys.
 * - `total`: the time of all their spans, count x mean; work of parallel branches counts too.
 * - `p95`: the 95th percentile of their spans' durations, waiting for others included.
 */
export type RankBy = "critical" | "total" | "p95";

/** One operation among others; counts and times are weighted. */
export interface RankedOperation {
  readonly frame: ProfileFrame;
  readonly spanCount: number;
  /** Of the spans' durations, within 1.09 %; 0 for what is no operation. */
  readonly p50Nanos: number;
  readonly p95Nanos: number;
  /** Sum of the spans' durations. */
  readonly totalNanos: number;
  /** Time on the critical path in its own spans, those it called left out. */
  readonly criticalNanos: number;
  /** Bottleneck score: `criticalNanos` / durations of all traces, 0 to 1. */
  readonly criticalShare: number;
  /** Traces with much, usual and large critical-path time in it. */
  readonly exemplars: ProfileExemplars;
}

interface Gathered {
  self: bigint;
  readonly sketch: LatencySketch;
  readonly exemplars: ExemplarSlots;
}

/**
 * Operations by one of three ranks, highest first, equal ones by name. Untraced time and what a limit left unnamed are
 * entries of their own: {@link ProfileFrame.role} tells.
 *
 * @example
 * const [worst] = rankOperations(profile, "critical");
 */
export function rankOperations(profile: CallPathProfile, by: RankBy): RankedOperation[] {
  const { nodes, whole } = profileTree(profile);
  const gathered = new Map<number, Gathered>();
  for (const { path, self, selfSketch, exemplars } of nodes) {
    const entry = entryOf(gathered, profile.paths.frameOf(path));
    entry.self += self;
    if (selfSketch !== undefined) entry.sketch.merge(selfSketch);
    if (exemplars !== undefined) entry.exemplars.merge(exemplars.all());
  }
  const durations = new Map(profile.durations());
  const ranked = [...gathered].map(([frame, { self, sketch, exemplars }]): RankedOperation => {
    const spans = durations.get(frame) ?? new LatencySketch();
    return {
      frame: profile.frames.frame(frame),
      spanCount: spans.count,
      p50Nanos: spans.quantile(0.5),
      p95Nanos: spans.quantile(0.95),
      totalNanos: spans.sumNanos,
      criticalNanos: nanosOfSum(self),
      criticalShare: shareOf(self, whole),
      exemplars: exemplars.pick(sketch.quantile(0.5), sketch.quantile(0.95)),
    };
  });
  return ranked.sort(
    (left, right) => rankOf(right, by) - rankOf(left, by) || compareFrames(left.frame, right.frame),
  );
}

function rankOf({ criticalNanos, totalNanos, p95Nanos }: RankedOperation, by: RankBy): number {
  if (by === "critical") return criticalNanos;
  return by === "total" ? totalNanos : p95Nanos;
}

function entryOf(gathered: Map<number, Gathered>, frame: number): Gathered {
  let entry = gathered.get(frame);
  if (entry === undefined) {
    entry = { self: 0n, sketch: new LatencySketch(), exemplars: new ExemplarSlots() };
    gathered.set(frame, entry);
  }
  return entry;
}
