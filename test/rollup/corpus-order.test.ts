/** The same traffic in whatever order and however often: one graph, one set of sums, one profile, the same findings. */

import { describe, expect, test } from "vitest";
import { generateCorpus } from "../../bench/generated-corpus.ts";
import { traceFindings } from "../../src/analysis/findings/trace-findings.ts";
import type { SpanBatch } from "../../src/batch/span-batch.ts";
import { spanFromRow } from "../../src/batch/span-from-row.ts";
import { OtlpRequestDecoder } from "../../src/codec/otlp-protobuf/request-decoder.ts";
import type { Span } from "../../src/model/span.ts";
import { LiveStatistics } from "../../src/rollup/live-statistics.ts";
import { corpusMissing, corpusRequests } from "../helpers/corpus.ts";
import { batchOf } from "../helpers/otlp-fixture.ts";
import { sumsOf, windowed } from "../helpers/profile-dump.ts";
import { dumpOf } from "../helpers/statistics-dump.ts";

/** So many milliseconds between two requests: traces complete on the way, and late spans open them again. */
const PACE_MILLIS = 20;

interface Answers {
  readonly cells: readonly string[];
  readonly profile: unknown;
  readonly findings: ReadonlyMap<string, unknown>;
}

function spansOf(batches: readonly SpanBatch[]): Span[] {
  return batches.flatMap((batch) =>
    Array.from({ length: batch.rowCount }, (_, row) => spanFromRow({ batch, row })),
  );
}

function answersOf(batches: readonly SpanBatch[], arrivalUnixMillis: number): Answers {
  const statistics = new LiveStatistics();
  let nowMillis = 0;
  for (const [position, batch] of batches.entries()) {
    statistics.append({ batch, position, arrivalUnixMillis }, nowMillis);
    nowMillis += PACE_MILLIS;
    while (statistics.tick(nowMillis, arrivalUnixMillis / 1_000)) {
      // More are due.
    }
  }
  statistics.window.completeOpen(nowMillis, "all");
  const traces = new Map<string, Span[]>();
  for (const span of spansOf(batches)) {
    const spans = traces.get(span.traceId) ?? [];
    traces.set(span.traceId, spans);
    spans.push(span);
  }
  const findings = new Map(
    [...traces].map(([traceId, spans]) => [traceId, traceFindings({ traceId, spans })]),
  );
  return { cells: dumpOf(statistics), profile: sumsOf(windowed(statistics)), findings };
}

/** The same at every run, and far from the order given. */
function shuffled<T>(items: readonly T[]): T[] {
  const keyed = items.map((item, at) => ({ item, key: Math.imul(at + 1, 0x9e37_79b1) >>> 0 }));
  return keyed.sort((left, right) => left.key - right.key).map(({ item }) => item);
}

describe.each([
  { name: "the recording", missing: corpusMissing, requests: corpusRequests },
  { name: "the generated corpus", missing: undefined, requests: generateCorpus },
])("$name", ({ missing, requests }) => {
  test.skipIf(missing !== undefined)(
    "gives the same graph, sums, profile and findings in order, in random order, one span a request, and twice over",
    { timeout: 300_000 },
    () => {
      const decoder = new OtlpRequestDecoder();
      const batches = requests().map((payload) => decoder.decode(payload).batch);
      const arrival = Number((batches[0]?.startTimesUnixNano[0] as bigint) / 1_000_000n);
      const single = spansOf(batches).map((span) => batchOf([span]));
      const expected = answersOf(batches, arrival);
      expect(expected.cells.length).toBeGreaterThan(100);
      expect(expected.findings.size).toBeGreaterThan(100);
      for (const other of [shuffled(batches), single, shuffled(single), [...batches, ...shuffled(batches)]]) {
        expect(answersOf(other, arrival)).toEqual(expected);
      }
    },
  );
});
