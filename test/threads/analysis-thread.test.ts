import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { identifyBottlenecks } from "../../src/analysis/bottlenecks.ts";
import { clockSkew } from "../../src/analysis/clock-skew.ts";
import { traceDiff } from "../../src/analysis/compare/trace-diff.ts";
import { traceShape } from "../../src/analysis/compare/trace-shape.ts";
import type { CriticalPath } from "../../src/analysis/critical-path.ts";
import { criticalPath } from "../../src/analysis/critical-path.ts";
import { dependencyLinks } from "../../src/analysis/dependency-links.ts";
import type { TraceFindings } from "../../src/analysis/findings/finding.ts";
import { traceFindings } from "../../src/analysis/findings/trace-findings.ts";
import { PerformanceCollector } from "../../src/analysis/performance.ts";
import { CallPathProfile } from "../../src/analysis/profile/call-path-profile.ts";
import { profileToBytes } from "../../src/analysis/profile/profile-bytes.ts";
import type { WhatIf } from "../../src/analysis/what-if/what-if.ts";
import { whatIf } from "../../src/analysis/what-if/what-if.ts";
import { distinctRows } from "../../src/batch/distinct-rows.ts";
import type { SpanRow } from "../../src/batch/span-batch.ts";
import { lazySpan } from "../../src/batch/span-from-row.ts";
import { RowColumns } from "../../src/batch/trace-columns.ts";
import type { Attributes } from "../../src/model/attribute-value.ts";
import { traceFromSpans } from "../../src/model/trace.ts";
import type { AnalysisThread } from "../../src/threads/analysis-thread.ts";
import { createAnalysisThread } from "../../src/threads/analysis-thread.ts";
import { batchOf } from "../helpers/otlp-fixture.ts";
import { allRows } from "../helpers/rows.ts";
import type { SpanSketch } from "../helpers/trace-builder.ts";
import { buildSpan } from "../helpers/trace-builder.ts";
import { RecordingMetrics } from "../ingest/recording-metrics.ts";

function startThread(metrics = new RecordingMetrics()): AnalysisThread {
  const thread = createAnalysisThread(metrics);
  onTestFinished(() => thread.stop());
  return thread;
}

const FAR_ENDS: readonly Attributes[] = [
  {},
  { "db.system": "postgres", "db.namespace": "orders" },
  { "messaging.system": "kafka", "messaging.destination.name": "orders" },
  { "messaging.system": "kafka", "messaging.operation.type": "send" },
  { "server.address": "cache.local" },
];

/** Several batches, repeated ids, cycles, orphans, links, every kind and status. */
const anySketch: fc.Arbitrary<SpanSketch> = fc
  .record({
    id: fc.nat(20),
    parent: fc.option(fc.nat(21), { nil: undefined }),
    service: fc.constantFrom("shop", "pay", "queue ✓"),
    name: fc.constantFrom("", "GET /", "charge", "größe"),
    kind: fc.constantFrom("UNSPECIFIED", "INTERNAL", "CLIENT", "SERVER", "PRODUCER", "CONSUMER"),
    status: fc.constantFrom("UNSET", "OK", "ERROR"),
    start: fc.nat(30),
    duration: fc.integer({ min: -2, max: 30 }),
    farEnd: fc.nat(FAR_ENDS.length - 1),
    links: fc.array(
      fc.nat(20).map((id) => `s${id}`),
      { maxLength: 2 },
    ),
  })
  .map(({ id, parent, start, duration, farEnd, ...rest }) => ({
    ...rest,
    id: `s${id}`,
    ...(parent === undefined ? {} : { parent: `s${parent}` }),
    at: [start, start + duration] as const,
    attributes: FAR_ENDS[farEnd]!,
    resourceAttributes: farEnd === 0 ? {} : { "host.name": `host-${farEnd % 2}` },
  }));

const anyRows: fc.Arbitrary<SpanRow[]> = fc
  .array(fc.array(anySketch, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 4 })
  .map((requests) => {
    const spans = requests.map((sketches) => sketches.map((sketch) => buildSpan("any", sketch)));
    return distinctRows(spans.flatMap((some) => allRows(batchOf(some))));
  });

/** A path without its span objects, whose getters compare by nothing. */
function plain(path: Pick<CriticalPath, "traceId" | "durationNanos" | "clocks"> & PathParts): unknown {
  return {
    traceId: path.traceId,
    durationNanos: path.durationNanos,
    clocks: path.clocks,
    segments: Array.from(path.segments, ({ span, ...rest }) => ({
      ...rest,
      span: span === undefined ? undefined : [span.spanId, span.serviceName, span.name, span.kind],
    })),
    byOperation: [...path.byOperation],
  };
}

/** Findings with ids in place of spans. */
function plainFindings({ findings, ...rest }: TraceFindings): unknown {
  return {
    ...rest,
    findings: findings.map(({ spans, ...finding }) => ({
      ...finding,
      ids: spans.map(({ spanId }) => spanId),
    })),
  };
}

/** An answer with ids in place of spans. */
function plainWhatIf({ spans, ...rest }: WhatIf): unknown {
  return { ...rest, spans: spans.map(({ span, ...slack }) => ({ ...slack, id: span.spanId })) };
}

interface PathParts {
  readonly segments: Iterable<CriticalPath["segments"][number]>;
  readonly byOperation: Iterable<CriticalPath["byOperation"][number]>;
}

function chain(count: number): SpanRow[] {
  const spans = Array.from({ length: count }, (_, at) =>
    buildSpan("chain", {
      id: `s${at}`,
      ...(at === 0 ? {} : { parent: `s${at - 1}` }),
      kind: "CLIENT",
      at: [at, 2 * count - at],
      attributes: { "server.address": `peer-${at}` },
    }),
  );
  return allRows(batchOf(spans));
}

describe("the analysis thread", () => {
  it("gives the answers that the same functions give on the event loop, for any trace", async () => {
    const thread = startThread();
    await fc.assert(
      fc.asyncProperty(anyRows, fc.integer({ min: -1, max: 20 }), async (rows, thresholdMs) => {
        const spans = rows.map(lazySpan);
        const trace = traceFromSpans(spans);
        expect(plain(await thread.criticalPath(rows))).toEqual(plain(criticalPath(trace)));
        const raw = { clock: "raw" } as const;
        expect(plain(await thread.criticalPath(rows, undefined, raw))).toEqual(
          plain(criticalPath(trace, raw)),
        );
        expect(await thread.links(rows)).toEqual(dependencyLinks(spans));
        const question = { thresholdMs, traceDurationMs: trace.durationMs };
        const bottlenecks = [...(await thread.bottlenecks(rows, question))];
        expect(bottlenecks).toEqual(identifyBottlenecks(trace, thresholdMs));
        expect(plainFindings(await thread.findings(rows))).toEqual(plainFindings(traceFindings(trace)));
        const target = { service: "shop", percent: 30 };
        expect(plainWhatIf(await thread.whatIf(rows, target))).toEqual(plainWhatIf(whatIf(trace, target)));
        const rawAnswer = await thread.whatIf(rows, target, undefined, raw);
        expect(plainWhatIf(rawAnswer)).toEqual(plainWhatIf(whatIf(trace, target, raw)));
        const rawFindings = await thread.findings(rows, undefined, raw);
        expect(plainFindings(rawFindings)).toEqual(plainFindings(traceFindings(trace, raw)));
        expect(await thread.clockSkew(rows, {})).toEqual(clockSkew(trace));
        const collector = new PerformanceCollector();
        for (let times = 0; times < 2; times++) collector.add(trace);
        const figures = await thread.performance(collector.collected(), collector.spanCount);
        expect(figures).toEqual(collector.performance());
        expect(await thread.traceShape(rows)).toEqual(traceShape(trace));
        const profile = new CallPathProfile();
        const columns = new RowColumns(profile.frames, { withHosts: true }).of(rows);
        const { isCorrected } = profile.add(columns, 2.5);
        const made = await thread.profile(rows, 2.5);
        expect([profileToBytes(made.profile), made.isCorrected]).toEqual([
          profileToBytes(profile),
          isCorrected,
        ]);
      }),
      { numRuns: 60 },
    );
  });

  it("compares any two traces as on the event loop", async () => {
    const thread = startThread();
    await fc.assert(
      fc.asyncProperty(anyRows, anyRows, fc.nat(5), async (reference, subject, maxNodes) => {
        const spans = [reference, subject].map((rows) => ({ spans: rows.map(lazySpan) }));
        expect(await thread.traceDiff({ reference, subject }, { maxNodes })).toEqual(
          traceDiff(spans[0]!, spans[1]!, { maxNodes }),
        );
      }),
      { numRuns: 30 },
    );
  });

  it("takes a trace of many spans, as deep as it is long, and hands many links over in parts", async () => {
    const metrics = new RecordingMetrics();
    const thread = startThread(metrics);
    const rows = chain(6_000);
    expect(plain(await thread.criticalPath(rows))).toEqual(
      plain(criticalPath(traceFromSpans(rows.map(lazySpan)))),
    );
    const links = await thread.links(rows);
    expect(links).toEqual(dependencyLinks(rows.map(lazySpan)));
    expect(metrics.sum("tracagg_analysis_thread_jobs_total")).toBe(2);
  });

  it("leaves the rows to the caller", async () => {
    const rows = chain(10);
    const before = rows.map((row) => lazySpan(row).attributes);
    await startThread().links(rows);
    expect(rows.map((row) => lazySpan(row).attributes)).toEqual(before);
  });

  it("ends work nobody waits for, whether it runs or waits, and does the next", async () => {
    const thread = startThread();
    const leaving = new AbortController();
    const running = thread.criticalPath(chain(30_000), leaving.signal);
    const waiting = thread.criticalPath(chain(10), leaving.signal);
    const next = thread.bottlenecks(chain(3), { thresholdMs: 0, traceDurationMs: 6 });
    setTimeout(() => leaving.abort(), 20);
    const cancelled = { status: "rejected", reason: expect.objectContaining({ code: "cancelled" }) };
    expect(await Promise.allSettled([running, waiting])).toEqual([cancelled, cancelled]);
    expect([...(await next)]).toHaveLength(3);
  });

  it("refuses what it has not done when it stops", async () => {
    const thread = createAnalysisThread(new RecordingMetrics());
    const refused = expect(thread.criticalPath(chain(20_000))).rejects.toMatchObject({ code: "unavailable" });
    await thread.stop();
    await refused;
  });
});
