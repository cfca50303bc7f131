/** The Jaeger API over each store, with the spans where they can lie: in memory, in sealed segments, or in both. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPrometheusMetrics } from "../../../src/api/health/prometheus-metrics.ts";
import { createJaegerApi } from "../../../src/api/jaeger/jaeger-api.ts";
import type { JaegerSettings } from "../../../src/api/jaeger/jaeger-options.ts";
import { openJaegerSite } from "../../../src/api/jaeger/jaeger-site.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import type { Span } from "../../../src/model/span.ts";
import { createQueries } from "../../../src/query/queries.ts";
import type { QueryPorts } from "../../../src/query/query-context.ts";
import { LiveStatistics } from "../../../src/rollup/live-statistics.ts";
import { createLakeStore } from "../../../src/store/lake/lake-store.ts";
import { createMemoryStore } from "../../../src/store/memory/memory-store.ts";
import { BatchFeed } from "../../helpers/otlp-fixture.ts";
import type { ApiServer } from "../api-fixture.ts";
import { NOW_MILLIS, startApi } from "../api-fixture.ts";

/** Spans, one request each. */
export type Requests = readonly (readonly Span[])[];

const clock = { nowMillis: () => NOW_MILLIS };

/** How the Jaeger API is set up, and what it reads. */
export interface JaegerServerOptions {
  readonly jaeger?: JaegerSettings;
  readonly ports: QueryPorts;
}

/** A server whose main port has the Jaeger API at its root and under `/jaeger`. */
export async function startJaegerApi({
  jaeger = { uiDir: "", uiConfig: "" },
  ports,
}: JaegerServerOptions): Promise<ApiServer> {
  const metrics = createPrometheusMetrics();
  const queries = createQueries({ ...ports, metrics, clock });
  const options = { version: "0.1.0", queries, clock, metrics, logger: silentLogger, jaeger };
  const api = createJaegerApi(options);
  const mounts = [
    { path: "/jaeger", app: await openJaegerSite({ ...options, api }) },
    { path: "/", app: api },
  ];
  return await startApi([], { ...ports, metrics, queries, mounts });
}

/** A server over memory, with statistics as spans arrive. */
export async function startMemoryJaeger(
  requests: Requests,
  options: Omit<JaegerServerOptions, "ports"> = {},
): Promise<ApiServer> {
  const store = createMemoryStore();
  await store.start();
  const live = new LiveStatistics();
  const feed = new BatchFeed({
    append: (committed) => {
      store.append(committed);
      live.append(committed, 0);
      live.window.completeOpen(0, "all");
    },
  });
  for (const request of requests) feed.append(...request);
  const ports = { reader: store, catalogue: store, statistics: store, live: () => live };
  const api = await startJaegerApi({ ...options, ports });
  return { ...api, feed, stop: async () => await Promise.all([api.stop(), store.stop()]).then(() => {}) };
}

async function startLakeJaeger(requests: Requests, sealedRequests: number): Promise<ApiServer> {
  const dataDir = await mkdtemp(join(tmpdir(), "tracagg-jaeger-"));
  const store = createLakeStore({ dataDir });
  await store.start();
  const feed = new BatchFeed(store);
  for (const request of requests.slice(0, sealedRequests)) feed.append(...request);
  await store.flush();
  for (const request of requests.slice(sealedRequests)) feed.append(...request);
  const api = await startJaegerApi({ ports: { reader: store, catalogue: store, statistics: store } });
  return {
    ...api,
    stop: async () => {
      await api.stop();
      await store.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Name of a server and how it starts. */
export const JAEGER_SERVERS: readonly (readonly [string, (requests: Requests) => Promise<ApiServer>])[] = [
  ["memory", (requests) => startMemoryJaeger(requests)],
  ["a lake, all sealed", (requests) => startLakeJaeger(requests, requests.length)],
  ["a lake, half of it sealed", (requests) => startLakeJaeger(requests, Math.floor(requests.length / 2))],
];
