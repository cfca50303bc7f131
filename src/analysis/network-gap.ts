/** Time between a caller and what it called, from durations alone: no clock of two hosts is ever compared. */

import { hostKeyOf } from "../model/host-key.ts";
import type { Span } from "../model/span.ts";
import type { SkewSpan } from "./clock-skew.ts";
import { durationNanosOf, spanForest } from "./span-forest.ts";

/** What a CLIENT span spent outside the SERVER spans that answered it. */
export interface NetworkGap<S = Span> {
  readonly client: S;
  /** SERVER children: more than one for retries. */
  readonly serverCount: number;
  /** Duration of the client less what its servers cover: transit, queueing, and what nobody traced. Never negative. */
  readonly gapNanos: bigint;
  /** How much more the servers cover than the client lasted, as when it gave up waiting; then the gap is 0. */
  readonly clampedNanos: bigint;
}

interface Coverage {
  nanos: bigint;
  until: bigint;
}

/**
 * The gap of every CLIENT span with SERVER children, by start, then span id. Servers of one host are united in time;
 * those of different hosts are added up, since their clocks do not compare: the figures are the same whether clock skew
 * was corrected or not.
 */
export function networkGaps<S extends SkewSpan = Span>(trace: {
  readonly spans: readonly S[];
}): NetworkGap<S>[] {
  const { spans, parents } = spanForest(trace.spans);
  const covered = new Map<number, Map<string, Coverage>>();
  const counts = new Map<number, number>();
  // Spans come by start, so on each host the union grows from left to right.
  for (const [index, span] of spans.entries()) {
    const parent = parents[index] as number;
    if (parent === -1 || span.kind !== "SERVER" || spans[parent]?.kind !== "CLIENT") continue;
    counts.set(parent, (counts.get(parent) ?? 0) + 1);
    const byHost = covered.get(parent) ?? new Map<string, Coverage>();
    covered.set(parent, byHost);
    cover(byHost, hostKeyOf(span.resource.attributes), span);
  }
  return [...counts]
    .sort(([left], [right]) => left - right)
    .map(([index, serverCount]) => {
      let rest = durationNanosOf(spans[index] as S);
      for (const { nanos } of covered.get(index)?.values() ?? []) rest -= nanos;
      const client = spans[index] as S;
      return rest < 0n
        ? { client, serverCount, gapNanos: 0n, clampedNanos: -rest }
        : { client, serverCount, gapNanos: rest, clampedNanos: 0n };
    });
}

function cover(byHost: Map<string, Coverage>, host: string, span: SkewSpan): void {
  const end = span.startTimeUnixNano + durationNanosOf(span);
  const known = byHost.get(host);
  if (known === undefined) {
    byHost.set(host, { nanos: durationNanosOf(span), until: end });
    return;
  }
  if (end <= known.until) return;
  known.nanos += span.startTimeUnixNano > known.until ? durationNanosOf(span) : end - known.until;
  known.until = end;
}
