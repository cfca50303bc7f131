/** What holds for the findings of any trace. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { criticalPath } from "../../src/analysis/critical-path.ts";
import type { TraceFindings } from "../../src/analysis/findings/finding.ts";
import { traceFindings } from "../../src/analysis/findings/trace-findings.ts";
import type { Attributes } from "../../src/model/attribute-value.ts";
import type { Span } from "../../src/model/span.ts";
import { traceFromSpans } from "../../src/model/trace.ts";
import { anyTraceDrafts, draftSpanId, shuffled, spanFromDraft } from "../helpers/trace-arbitrary.ts";
import { buildSpan } from "../helpers/trace-builder.ts";

const RUNS = { numRuns: 300 };
/** So low that small traces have findings. */
const EAGER = {
  minRepeats: 2,
  minSequentialCalls: 2,
  minSequentialSaving: 0,
  minGapNanos: 0,
  minGapShare: 0,
  maxSequentialPauseNanos: 5_000_000,
};

const CALLS: readonly Attributes[] = [
  {},
  { "db.system": "postgresql", "db.query.text": "SELECT 1" },
  { "db.system": "postgresql", "db.query.text": "SELECT 2" },
  { "http.request.method": "GET", "url.full": "http://a/b" },
  { "http.request.method": "POST", "url.full": "http://a/b", "error.type": "timeout" },
];

const anySpans: fc.Arbitrary<Span[]> = fc
  .tuple(anyTraceDrafts, fc.infiniteStream(fc.tuple(fc.nat(4), fc.constantFrom("UNSET", "OK", "ERROR"))))
  .map(([drafts, more]) =>
    drafts.map((draft): Span => {
      const [call, status] = more.next().value as [number, Span["status"]];
      return { ...spanFromDraft(draft), status, attributes: CALLS[call] as Attributes };
    }),
  );

function told({ findings, ...rest }: TraceFindings): unknown {
  return {
    ...rest,
    findings: findings.map(({ spans, ...finding }) => ({
      ...finding,
      ids: spans.map(({ spanId }) => spanId),
    })),
  };
}

test("the order of spans does not matter", () => {
  fc.assert(
    fc.property(anySpans, fc.infiniteStream(fc.nat()), (spans, keys) => {
      const { traceId } = spans[0] as Span;
      const expected = told(traceFindings({ traceId, spans }, EAGER));
      expect(told(traceFindings({ traceId, spans: shuffled(spans, keys) }, EAGER))).toEqual(expected);
    }),
    RUNS,
  );
});

test("every finding is proved by spans of the trace, costs no more than the trace, and says what and what to do", () => {
  fc.assert(
    fc.property(anySpans, (spans) => {
      const trace = traceFromSpans(spans);
      const { durationNanos, findings } = traceFindings(trace, EAGER);
      expect(durationNanos).toBe(criticalPath(trace).durationNanos);
      for (const finding of findings) {
        expect(finding.spans.length).toBeGreaterThan(0);
        expect(finding.spans.length).toBeLessThanOrEqual(Math.min(10, finding.spanCount));
        expect(new Set(finding.spans).size).toBe(finding.spans.length);
        expect(finding.spans.every((span) => spans.includes(span))).toBe(true);
        expect(finding.costNanos >= 0n && finding.costNanos <= durationNanos).toBe(true);
        expect(finding.summary).not.toBe("");
        expect(finding.advice).toMatch(/^[A-Z].*\.$/);
      }
    }),
    RUNS,
  );
});

test("where something failed, and only there, an origin is found; it failed itself, and nothing right below it did", () => {
  fc.assert(
    fc.property(anySpans, (spans) => {
      const { findings } = traceFindings(traceFromSpans(spans), EAGER);
      const origins = findings.filter(({ type }) => type === "error_origin");
      expect(origins.length > 0).toBe(spans.some(({ status }) => status === "ERROR"));
      const isUnique = new Set(spans.map(({ spanId }) => spanId)).size === spans.length;
      for (const origin of origins.map((finding) => finding.spans[0] as Span)) {
        expect(origin.status).toBe("ERROR");
        const below = spans.filter((span) => span.parentSpanId === origin.spanId);
        // With repeated ids, or where a cycle was cut, ids alone do not tell who is below whom.
        const isTold = isUnique && !isInCycle(spans, origin);
        expect(isTold && below.some(({ status }) => status === "ERROR")).toBe(false);
      }
    }),
    RUNS,
  );
});

function isInCycle(spans: readonly Span[], start: Span): boolean {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  let at = byId.get(start.parentSpanId ?? "");
  for (let steps = 0; at !== undefined && steps < spans.length; steps++) {
    if (at === start) return true;
    at = byId.get(at.parentSpanId ?? "");
  }
  return false;
}

test("a chain 100,000 deep, of calls that all failed, is looked through", () => {
  const depth = 100_000;
  const spans = Array.from(
    { length: depth },
    (_, at): Span => ({
      ...buildSpan("deep", {
        id: "x",
        name: `op-${at}`,
        kind: at % 2 === 0 ? "SERVER" : "CLIENT",
        status: "ERROR",
        at: [at / 1_000, 200 - at / 1_000],
      }),
      spanId: draftSpanId(at),
      parentSpanId: at === 0 ? undefined : draftSpanId(at - 1),
    }),
  );
  const { findings } = traceFindings(traceFromSpans(spans));
  expect(findings).toMatchObject([{ type: "error_origin", operation: `op-${depth - 1}`, spanCount: depth }]);
});
