/** The invariants of clock correction, for the clocks of any trace. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { clockSkew, correctClockSkew } from "../../src/analysis/clock-skew.ts";
import { networkGaps } from "../../src/analysis/network-gap.ts";
import type { Span } from "../../src/model/span.ts";
import { spanContent } from "../../src/model/span-content.ts";
import type { SpanDraft } from "../helpers/trace-arbitrary.ts";
import { anyTraceDrafts, shuffled, spanFromDraft, treeDrafts } from "../helpers/trace-arbitrary.ts";

const RUNS = { numRuns: 300 };
const MILLI = 1_000_000n;

const options = fc.record({
  maxOffsetNanos: fc.integer({ min: 0, max: 60 }).map((millis) => BigInt(millis) * MILLI),
});

/** Spans with an event each; `hosts` names the host of a place, "" for none. */
function spansOf(drafts: readonly SpanDraft[], hosts: readonly string[]): Span[] {
  return drafts.map((draft) => {
    const span = spanFromDraft(draft);
    const host = hosts[draft.place] as string;
    const attributes = { "service.name": span.serviceName, ...(host === "" ? {} : { "host.name": host }) };
    const timeUnixNano = span.startTimeUnixNano + 1n;
    return {
      ...span,
      resource: { ...span.resource, attributes },
      events: [{ name: "event", timeUnixNano, attributes: {}, droppedAttributesCount: 0 }],
    };
  });
}

const anyHosts = fc.tuple(...Array.from({ length: 3 }, () => fc.constantFrom("a", "b", "c", "")));

function hostOf(span: Span): unknown {
  return span.resource.attributes["host.name"] ?? "";
}

function corrected(spans: readonly Span[], given: { maxOffsetNanos?: bigint } = {}): Span[] {
  return correctClockSkew(spans, clockSkew({ spans }, given)).map(({ span }) => span);
}

/** Children on another host that do not lie inside their parents; ids are unique. Messages need only come later. */
function violations(spans: readonly Span[]): number {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  return spans.filter((child) => {
    const parent = byId.get(child.parentSpanId ?? "");
    if (parent === undefined || hostOf(parent) === hostOf(child)) return false;
    if (child.startTimeUnixNano < parent.startTimeUnixNano) return true;
    return parent.kind !== "PRODUCER" || child.kind !== "CONSUMER"
      ? child.endTimeUnixNano > parent.endTimeUnixNano
      : false;
  }).length;
}

test("durations stay, and all times of one host move by one offset within the limit", () => {
  fc.assert(
    fc.property(anyTraceDrafts, anyHosts, options, (drafts, hosts, given) => {
      const spans = spansOf(drafts, hosts);
      const skew = clockSkew({ spans }, given);
      const offsets = new Map<unknown, bigint>();
      for (const { original, span, offsetNanos } of correctClockSkew(spans, skew)) {
        expect(span.startTimeUnixNano - original.startTimeUnixNano).toBe(offsetNanos);
        expect(span.endTimeUnixNano - original.endTimeUnixNano).toBe(offsetNanos);
        expect(span.events[0]!.timeUnixNano - original.events[0]!.timeUnixNano).toBe(offsetNanos);
        expect(offsets.get(hostOf(span)) ?? offsetNanos).toBe(offsetNanos);
        offsets.set(hostOf(span), offsetNanos);
        expect(offsetNanos <= given.maxOffsetNanos && -offsetNanos <= given.maxOffsetNanos).toBe(true);
      }
      expect(offsets.get("") ?? 0n).toBe(0n);
      expect(
        new Map(skew.hosts.map(({ host, offsetNanos }) => [host.replace("host.name=", ""), offsetNanos])),
      ).toEqual(offsets);
    }),
    RUNS,
  );
});

test("nothing else of a span changes, and what was given does not change at all", () => {
  fc.assert(
    fc.property(anyTraceDrafts, anyHosts, (drafts, hosts) => {
      const spans = spansOf(drafts, hosts);
      const before = spans.map(spanContent);
      for (const [at, { original, span }] of correctClockSkew(spans, clockSkew({ spans })).entries()) {
        expect(original).toBe(spans[at]);
        const { startTime, startTimeUnixNano, endTime, endTimeUnixNano, events } = original;
        const back = { ...span, startTime, startTimeUnixNano, endTime, endTimeUnixNano, events };
        expect(spanContent(back)).toBe(before[at]);
      }
      expect(spans.map(spanContent)).toEqual(before);
    }),
    RUNS,
  );
});

test("the only root stays where it is", () => {
  fc.assert(
    fc.property(treeDrafts, anyHosts, (drafts, hosts) => {
      const spans = spansOf(drafts, hosts);
      expect(corrected(spans)[0]).toBe(spans[0]);
    }),
    RUNS,
  );
});

test("correcting twice is correcting once, also with contradicting pairs, cycles, repeated ids and a limit", () => {
  fc.assert(
    fc.property(anyTraceDrafts, anyHosts, options, (drafts, hosts, given) => {
      const once = corrected(spansOf(drafts, hosts), given);
      expect(corrected(once, given)).toEqual(once);
    }),
    { numRuns: 1_000 },
  );
});

test("clocks that agree already are left alone", () => {
  fc.assert(
    fc.property(treeDrafts, anyHosts, (drafts, hosts) => {
      const spans = spansOf(drafts, hosts);
      fc.pre(violations(spans) === 0);
      expect(clockSkew({ spans }).hosts.every(({ offsetNanos }) => offsetNanos === 0n)).toBe(true);
    }),
    RUNS,
  );
});

test("no more spans lie outside their parents than before", () => {
  fc.assert(
    fc.property(treeDrafts, anyHosts, options, (drafts, hosts, given) => {
      const spans = spansOf(drafts, hosts);
      const { impossiblePairsBefore, impossiblePairsAfter } = clockSkew({ spans }, given);
      expect(violations(corrected(spans, given))).toBeLessThanOrEqual(violations(spans));
      expect(impossiblePairsAfter).toBeLessThanOrEqual(impossiblePairsBefore);
    }),
    { numRuns: 1_000 },
  );
});

test("a clock that was set wrong is set back so that everything lies inside its parent again", () => {
  /** Each child inside its parent, so that only clocks put it outside. */
  const nested = fc
    .array(fc.tuple(fc.nat(13), fc.nat(100), fc.nat(100), fc.nat(2)), { maxLength: 13 })
    .map((rest) => {
      const drafts: SpanDraft[] = [
        { id: 0, parent: undefined, kind: "INTERNAL", start: 0, duration: 1_000, place: 0 },
      ];
      for (const [up, from, length, place] of rest) {
        const above = drafts[up % drafts.length]!;
        const start = above.start + Math.floor((above.duration * from) / 100);
        const duration = Math.floor(((above.start + above.duration - start) * length) / 100);
        drafts.push({ id: drafts.length, parent: above.id, kind: "INTERNAL", start, duration, place });
      }
      return drafts;
    });
  fc.assert(
    fc.property(nested, fc.integer({ min: -500, max: 500 }), (drafts, offset) => {
      const skewed = drafts.map((draft) => ({
        ...draft,
        start: draft.start + (draft.place === 1 ? offset : 0),
      }));
      expect(violations(corrected(spansOf(skewed, ["a", "b", "a"])))).toBe(0);
    }),
    RUNS,
  );
});

test("neither the order of arrival nor repeats of spans matter to the offsets", () => {
  fc.assert(
    fc.property(
      anyTraceDrafts,
      anyHosts,
      fc.infiniteStream(fc.nat()),
      options,
      (drafts, hosts, keys, given) => {
        const spans = spansOf(drafts, hosts);
        const offsetsOf = (some: readonly Span[]) =>
          clockSkew({ spans: some }, given).hosts.map(({ host, offsetNanos }) => [host, offsetNanos]);
        const expected = offsetsOf(spans);
        expect(offsetsOf(shuffled(spans, keys))).toEqual(expected);
        expect(offsetsOf([...spans, ...spans])).toEqual(expected);
      },
    ),
    RUNS,
  );
});

test("network gaps are the same with and without correction, and never negative", () => {
  fc.assert(
    fc.property(treeDrafts, anyHosts, (drafts, hosts) => {
      const paired = drafts.map(
        (draft, index) => ({ ...draft, kind: index % 3 === 0 ? "CLIENT" : "SERVER" }) as const,
      );
      const spans = spansOf(paired, hosts);
      const tell = (some: readonly Span[]) =>
        networkGaps({ spans: some })
          .map(({ client, ...figures }) => ({ ...figures, spanId: client.spanId }))
          .sort((left, right) => (left.spanId < right.spanId ? -1 : 1));
      const gaps = tell(spans);
      expect(tell(corrected(spans))).toEqual(gaps);
      expect(gaps.every(({ gapNanos, clampedNanos }) => gapNanos >= 0n && clampedNanos >= 0n)).toBe(true);
    }),
    RUNS,
  );
});
