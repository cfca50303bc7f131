/** Thousands of random queries over a lake store, sealed and hot: each is answered or refused with its place. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { RenderedMetrics } from "../../src/api/health/prometheus-metrics.ts";
import { createPrometheusMetrics } from "../../src/api/health/prometheus-metrics.ts";
import { systemClock } from "../../src/base/clock.ts";
import { TracAggError } from "../../src/base/errors.ts";
import type { Span } from "../../src/model/span.ts";
import type { Queries } from "../../src/query/queries.ts";
import { createQueries } from "../../src/query/queries.ts";
import { createLakeStore } from "../../src/store/lake/lake-store.ts";
import type { TraceStore } from "../../src/store/trace-store.ts";
import type { ApiServer } from "../api/api-fixture.ts";
import { startApi } from "../api/api-fixture.ts";
import { filterTraces } from "../helpers/filter-arbitrary.ts";
import { BatchFeed } from "../helpers/otlp-fixture.ts";
import type { CorpusQuery } from "../helpers/query-corpus.ts";
import { queryCorpus } from "../helpers/query-corpus.ts";
import { BUILDER_START_UNIX_NANO, buildSpan, traceIdOf } from "../helpers/trace-builder.ts";

/** Another one: TRACAGG_CORPUS_SEED=7. */
const SEED = Number(process.env["TRACAGG_CORPUS_SEED"] ?? 20_250_214);
/** The long form: TRACAGG_CORPUS_QUERIES=10000. */
const QUERIES = Number(process.env["TRACAGG_CORPUS_QUERIES"] ?? 1_500);
/** Until then what is compiled, cached and pooled has been. */
const WARM_UP = Math.ceil(QUERIES / 4);
const OVER_HTTP = 500;
const SEALED_TRACES = 150;
const HOT_TRACES = 10;
const AT_ONCE = 4;
/** The default of `query.timeout`. */
const TIME_LIMIT_MILLIS = 30_000;
/** What memory may go up and down by: V8's and DuckDB's pools, not what thousands of queries leave behind. */
const MAX_GROWTH_BYTES = 300 * 1024 * 1024;
const PLAIN = "{ resource.service.name = `service-0` }";
const SERIES = /rate\s*\(|_over_time|compare\s*\(/;
const PLACE = /line \d+, column \d+: /;

const range = {
  start: BUILDER_START_UNIX_NANO.toString(),
  end: (BUILDER_START_UNIX_NANO + 60_000_000n).toString(),
  step: "5ms",
};

let dataDir: string;
let store: TraceStore;
let metrics: RenderedMetrics;
let queries: Queries;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "tracagg-corpus-"));
  store = createLakeStore({ dataDir });
  await store.start();
  const feed = new BatchFeed(store);
  const traces = someTraces();
  feed.append(...traces.slice(0, SEALED_TRACES).flat());
  await store.flush();
  feed.append(...traces.slice(SEALED_TRACES).flat());
  metrics = createPrometheusMetrics();
  queries = createQueries({
    ...{ reader: store, catalogue: store, statistics: store, metrics, clock: systemClock },
    limits: { timeLimitMillis: TIME_LIMIT_MILLIS },
  });
});
afterAll(async () => {
  await store.stop();
  await rm(dataDir, { recursive: true, force: true });
});

/** Small ones with attributes of every level, and one of many spans. */
function someTraces(): readonly (readonly Span[])[] {
  const small = fc.sample(filterTraces, { seed: SEED, numRuns: SEALED_TRACES + HOT_TRACES - 1 });
  const large = Array.from({ length: 100 }, (_, at) =>
    buildSpan("large", {
      id: `${at}`,
      ...(at === 0 ? {} : { parent: `${Math.floor((at - 1) / 3)}` }),
      name: "a".repeat(at),
      at: [at % 7, 20 + (at % 5)],
      attributes: { a: at % 2 === 0 ? BigInt(at) : "x", b: "x".repeat(at) },
    }),
  );
  const named = small.map((spans, at) => spans.map((span) => ({ ...span, traceId: traceIdOf(`t${at}`) })));
  return [large, ...named];
}

/** What an error says when it is none that a query may be refused with. */
function faultOf(error: unknown): string | undefined {
  if (!(error instanceof TracAggError)) return String(error);
  if (error.code === "too_large") return undefined;
  if (error.code === "invalid_argument" && PLACE.test(error.message)) return undefined;
  return `${error.code}: ${error.message}`;
}

function shown({ kind, text }: CorpusQuery): string {
  return `${kind} of ${text.length} units: ${JSON.stringify(text.slice(0, 2_000))}`;
}

class Tally {
  asked = 0;
  answered = 0;
  refused = 0;
  longestMillis = 0;
  longest = "";
  readonly faults: string[] = [];

  async ask(query: CorpusQuery): Promise<void> {
    const { text: q } = query;
    const startedMillis = performance.now();
    try {
      if (SERIES.test(q)) await queries.querySeries({ q, ...range });
      else await queries.searchTraceQl({ q });
      this.answered++;
    } catch (error) {
      this.refused++;
      const fault = faultOf(error);
      if (fault !== undefined) this.faults.push(`${fault}\n  ${shown(query)}`);
    }
    this.asked++;
    const millis = performance.now() - startedMillis;
    if (millis <= this.longestMillis) return;
    this.longestMillis = millis;
    this.longest = shown(query);
  }
}

async function heldBytes(): Promise<number> {
  return Number(/^tracagg_query_held_bytes (\S+)$/m.exec(await metrics.render())?.[1]);
}

it(`answers ${QUERIES} queries of the seed ${SEED} or refuses them with their place`, {
  timeout: 600_000,
}, async () => {
  const tally = new Tally();
  const corpus = queryCorpus(SEED, QUERIES);
  let warmBytes = 0;
  const askInTurn = async (): Promise<void> => {
    for (const query of corpus) {
      await tally.ask(query);
      if (tally.asked === WARM_UP) warmBytes = process.memoryUsage.rss();
      if (tally.asked % 500 !== 0) continue;
      expect((await queries.searchTraceQl({ q: PLAIN })).traces).toHaveLength(20);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, askInTurn));
  expect(tally.faults).toEqual([]);
  expect(tally.asked).toBe(QUERIES);
  // Neither only parsed nor only right.
  expect(tally.answered).toBeGreaterThan(QUERIES / 5);
  expect(tally.refused).toBeGreaterThan(QUERIES / 5);
  expect(tally.longestMillis, tally.longest).toBeLessThan(TIME_LIMIT_MILLIS);
  expect(await heldBytes()).toBe(0);
  expect(process.memoryUsage.rss() - warmBytes).toBeLessThan(MAX_GROWTH_BYTES);
});

it(`does so with ${OVER_HTTP} others over HTTP`, { timeout: 120_000 }, async () => {
  const api = await startApi([], { reader: store, catalogue: store, statistics: store });
  try {
    const faults: string[] = [];
    for (const query of queryCorpus(SEED + 1, OVER_HTTP)) {
      // No query at all is another matter: the parameter is refused, without a place in it.
      if (query.text === "") continue;
      const fault = await httpFaultOf(api, query);
      if (fault !== undefined) faults.push(`${fault}\n  ${shown(query)}`);
    }
    expect(faults).toEqual([]);
    expect(api.logged).toEqual([]);
    expect((await api.fetch("/healthz")).status).toBe(200);
  } finally {
    await api.stop();
  }
});

/** What is wrong with an answer; undefined for one that may be. */
async function httpFaultOf(api: ApiServer, { text: q }: CorpusQuery): Promise<string | undefined> {
  const path = SERIES.test(q) ? "/api/v1/query" : "/api/v1/traces";
  const parameters = new URLSearchParams({ q, ...(SERIES.test(q) ? range : {}) });
  const answer = await api.fetch(`${path}?${parameters}`);
  const body = await answer.text();
  // Of a request line longer than Node reads.
  if (answer.status === 431 && String(parameters).length > 8_000) return undefined;
  if (answer.status === 200 || answer.status === 413) return undefined;
  const detail =
    answer.status === 400 ? (JSON.parse(body) as { readonly detail?: string }).detail : undefined;
  return PLACE.test(detail ?? "") ? undefined : `HTTP ${answer.status} ${body.slice(0, 500)}`;
}
