/** Ingest at a rate well below what the server can take: alone, and while it answers questions. */

import { setTimeout as sleep } from "node:timers/promises";
import { runLoad } from "../load/run-load.ts";
import type { Percentiles } from "../percentiles.ts";
import type { QueryCase } from "../queries/query-cases.ts";
import { QueryName } from "../queries/query-cases.ts";
import type { QueryClient } from "../queries/query-client.ts";
import { readSlowly } from "../queries/query-client.ts";
import type { QueryTimes } from "../queries/query-run.ts";
import { askUntil } from "../queries/query-run.ts";
import type { TracAggServer } from "../targets/tracagg-server.ts";
import type { LoadSettings } from "./ingest.ts";
import { orderFor } from "./ingest.ts";
import { MAIN_VARIANT } from "./ingest-variants.ts";

/** Between two reads of the slow reader. */
const SLOW_READ_MILLIS = 200;
/** These take long or touch much; they have a client of their own, so that one is running nearly all the time. */
const HEAVY: ReadonlySet<string> = new Set([
  QueryName.ATTRIBUTE_COMMON,
  QueryName.ATTRIBUTE_RARE,
  QueryName.ATTRIBUTE_ABSENT,
  QueryName.DEPENDENCIES,
  QueryName.SERVICE_STATISTICS,
  QueryName.PERFORMANCE,
  QueryName.TRACEQL_COMPARED,
  QueryName.TRACEQL_LISTED,
  QueryName.TRACEQL_STRUCTURE,
  QueryName.TRACEQL_COMMON_STRUCTURE,
  QueryName.TRACEQL_RATE,
  QueryName.TRACEQL_QUANTILES,
]);

/** Latency of requests at a fixed rate, counted from when each was due. */
export interface SteadyFigures {
  readonly seconds: number;
  readonly wantedSpansPerSecond: number;
  /** Below what was wanted, the server did not keep up. */
  readonly spansPerSecond: number;
  readonly requests: number;
  readonly failedRequests: number;
  readonly retries: number;
  readonly latencyMillis: Percentiles;
  /** Server CPU over wall time; 1 is one core. */
  readonly serverCpuShare: number | undefined;
  /** Own CPU of the load generator over wall time. */
  readonly generatorCpuShare: number;
}

/** Sends at a rate for a number of seconds. */
export async function measureSteady(
  server: TracAggServer,
  settings: LoadSettings,
  seconds: number,
): Promise<SteadyFigures> {
  const { spansPerSecond } = settings;
  const spans = Math.max(1, Math.round(spansPerSecond * seconds));
  const before = server.readings();
  const load = await runLoad(orderFor(server, MAIN_VARIANT, { ...settings, spans }));
  const after = server.readings();
  const wallSeconds = load.wallMillis / 1_000;
  return {
    seconds,
    wantedSpansPerSecond: spansPerSecond,
    spansPerSecond: load.spans / wallSeconds,
    requests: load.requests,
    failedRequests: load.failedRequests,
    retries: load.retries,
    latencyMillis: load.latencyMillis,
    serverCpuShare:
      before === undefined || after === undefined
        ? undefined
        : (after.cpuSeconds - before.cpuSeconds) / wallSeconds,
    generatorCpuShare: load.ownCpuSeconds / wallSeconds,
  };
}

/** The same with questions meanwhile, and how those fared. */
export interface QueryingFigures extends SteadyFigures {
  readonly queries: readonly QueryTimes[];
}

/** Quick questions, heavy ones and a reader that takes its time, all at once, until the load has been sent. */
export async function measureWhileQuerying(
  server: TracAggServer,
  { settings, seconds, cases, client }: QueryingOptions,
): Promise<QueryingFigures> {
  const ending = new AbortController();
  const { signal } = ending;
  const quickCases = cases.filter(({ name }) => !HEAVY.has(name));
  const heavyCases = cases.filter(({ name }) => HEAVY.has(name));
  const [steady, quick, heavy] = await Promise.all([
    measureSteady(server, settings, seconds).finally(() => ending.abort()),
    askUntil(client, quickCases, signal),
    askUntil(client, heavyCases, signal),
    readSlowlyUntil(server.ui, signal),
  ]);
  return { ...steady, queries: [...quick, ...heavy] };
}

/** What runs beside each other. */
export interface QueryingOptions {
  readonly settings: LoadSettings;
  readonly seconds: number;
  readonly cases: readonly QueryCase[];
  readonly client: QueryClient;
}

async function readSlowlyUntil(baseUrl: string, signal: AbortSignal): Promise<void> {
  const url = new URL("/api/v1/traces?pageSize=1000", baseUrl);
  while (!signal.aborted) {
    await readSlowly(url, { signal, pauseMillis: SLOW_READ_MILLIS });
    await sleep(SLOW_READ_MILLIS);
  }
}
