/** P11 and what else holds for the schedule of any trace. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { criticalPath } from "../../src/analysis/critical-path.ts";
import { traceTree } from "../../src/analysis/trace-tree.ts";
import { criticalSelfNanos, rescheduledNanos, scheduleOf } from "../../src/analysis/what-if/schedule.ts";
import { slackColumns, spanSlacks } from "../../src/analysis/what-if/span-slack.ts";
import { whatIf } from "../../src/analysis/what-if/what-if.ts";
import { anyTraceDrafts, shuffled, traceFromDrafts } from "../helpers/trace-arbitrary.ts";

const RUNS = { numRuns: 300 };
const percents = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.double({ min: 0, max: 100, noNaN: true }));
const places = fc.nat(2);

test("what is critical by the schedule is the critical path, span by span, in any trace", () => {
  fc.assert(
    fc.property(anyTraceDrafts, (drafts) => {
      const trace = traceFromDrafts(drafts);
      const bySpan = new Map<object | undefined, bigint>();
      for (const { span, durationNanos } of criticalPath(trace).segments) {
        bySpan.set(span, (bySpan.get(span) ?? 0n) + durationNanos);
      }
      const { nodes } = traceTree(trace);
      const self = criticalSelfNanos(scheduleOf(traceTree(trace)));
      const scheduled = new Map<object | undefined, bigint>();
      for (const [index, { span }] of nodes.entries()) {
        if (self[index] === 0) continue;
        scheduled.set(span, (scheduled.get(span) ?? 0n) + BigInt(self[index] as number));
      }
      expect(scheduled).toEqual(bySpan);
    }),
    { numRuns: 1_000 },
  );
});

test("P11: 0 % is the trace as it was", () => {
  fc.assert(
    fc.property(anyTraceDrafts, places, (drafts, place) => {
      const trace = traceFromDrafts(drafts);
      const { durationNanos } = criticalPath(trace);
      expect(whatIf(trace, { service: `service-${place}`, percent: 0 })).toMatchObject({
        durationNanos,
        newDurationNanos: durationNanos,
        savingNanos: 0n,
      });
    }),
    RUNS,
  );
});

test("P11: the faster the operation, the shorter the trace, or it stays", () => {
  fc.assert(
    fc.property(anyTraceDrafts, places, percents, percents, (drafts, place, one, other) => {
      const trace = traceFromDrafts(drafts);
      const durationAt = (percent: number) =>
        whatIf(trace, { service: `service-${place}`, percent }).newDurationNanos;
      expect(durationAt(Math.max(one, other)) <= durationAt(Math.min(one, other))).toBe(true);
    }),
    RUNS,
  );
});

test("P11: the saving is at most the percentage of the operation's critical time, which is the path's", () => {
  fc.assert(
    fc.property(anyTraceDrafts, places, percents, (drafts, place, percent) => {
      const trace = traceFromDrafts(drafts);
      const target = { service: `service-${place}`, operation: `op-${place}`, percent };
      const answer = whatIf(trace, target);
      const share = criticalPath(trace).byOperation.find(({ operation }) => operation === target.operation);
      expect(answer.criticalSelfNanos).toBe(share?.durationNanos ?? 0n);
      const exactNanos = (Number(answer.criticalSelfNanos) * percent) / 100;
      expect(Math.abs(Number(answer.mostSavingNanos) - exactNanos)).toBeLessThanOrEqual(1);
      expect(answer.savingNanos >= 0n && answer.savingNanos <= answer.mostSavingNanos).toBe(true);
      expect(answer.newDurationNanos).toBe(answer.durationNanos - answer.savingNanos);
    }),
    RUNS,
  );
});

test("no span alone saves more than its drag, and one off the critical path saves nothing", () => {
  fc.assert(
    fc.property(anyTraceDrafts, percents, (drafts, percent) => {
      const schedule = scheduleOf(traceTree(traceFromDrafts(drafts)));
      const { drag, criticalSelf } = slackColumns(schedule);
      const before = rescheduledNanos(schedule, () => 0);
      for (const index of drag.keys()) {
        const after = rescheduledNanos(schedule, (at, nanos) =>
          at === index ? Math.floor((nanos * percent) / 100) : 0,
        );
        expect(before - after).toBeLessThanOrEqual(drag[index] as number);
        expect(drag[index]).toBeLessThanOrEqual(criticalSelf[index] as number);
        expect(drag[index]).toBeGreaterThanOrEqual(0);
      }
    }),
    RUNS,
  );
});

test("a span may be late by its slack without the trace being late, and every nanosecond more is the trace's", () => {
  fc.assert(
    fc.property(anyTraceDrafts, fc.integer({ min: 1, max: 5_000_000 }), (drafts, more) => {
      const schedule = scheduleOf(traceTree(traceFromDrafts(drafts)));
      const { slack } = slackColumns(schedule);
      const before = rescheduledNanos(schedule, () => 0);
      for (const index of slack.keys()) {
        const late = slack[index] as number;
        const endWhenLateBy = (nanos: number): number => {
          const tails = schedule.tails.map((tail, at) => (at === index ? tail + nanos : tail));
          return rescheduledNanos({ ...schedule, tails }, () => 0);
        };
        if (Number.isFinite(late)) {
          expect(endWhenLateBy(late)).toBe(before);
          expect(endWhenLateBy(late + more)).toBe(before + more);
        } else expect(endWhenLateBy(1e12)).toBe(before);
      }
    }),
    RUNS,
  );
});

test("the order of spans does not matter", () => {
  fc.assert(
    fc.property(anyTraceDrafts, fc.infiniteStream(fc.nat()), percents, (drafts, keys, percent) => {
      const trace = traceFromDrafts(drafts);
      const other = { traceId: trace.traceId, spans: shuffled(trace.spans, keys) };
      const target = { service: "service-1", percent };
      const tell = (spans: ReturnType<typeof spanSlacks>) =>
        spans.map(({ span, ...rest }) => ({ ...rest, spanId: span.spanId }));
      expect(tell(spanSlacks(other))).toEqual(tell(spanSlacks(trace)));
      expect({ ...whatIf(other, target), spans: [] }).toEqual({ ...whatIf(trace, target), spans: [] });
    }),
    RUNS,
  );
});
