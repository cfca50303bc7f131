/** The Zipkin API over each store, with the spans where they can lie: in memory, in sealed segments, or in both. */

import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import express from "express";
import { createPrometheusMetrics } from "../../../src/api/health/prometheus-metrics.ts";
import { ZipkinCollectorCounts } from "../../../src/api/zipkin/collector-counts.ts";
import { ZipkinIngest } from "../../../src/api/zipkin/ingest.ts";
import type { ZipkinSettings } from "../../../src/api/zipkin/zipkin-api.ts";
import { createZipkinApi } from "../../../src/api/zipkin/zipkin-api.ts";
import { TracAggError } from "../../../src/base/errors.ts";
import type { SpanSink } from "../../../src/ingest/span-sink.ts";
import type { Span } from "../../../src/model/span.ts";
import { createQueries } from "../../../src/query/queries.ts";
import { createLakeStore } from "../../../src/store/lake/lake-store.ts";
import { createMemoryStore } from "../../../src/store/memory/memory-store.ts";
import type { TraceStore } from "../../../src/store/trace-store.ts";
import { BatchFeed } from "../../helpers/otlp-fixture.ts";
import { BUILDER_START_UNIX_NANO } from "../../helpers/trace-builder.ts";

/** A minute after moment 0 of built traces. */
export const NOW_MILLIS: number = Number(BUILDER_START_UNIX_NANO / 1_000_000n) + 60_000;

type Requests = readonly (readonly Span[])[];

/** What a test may change. */
export interface ZipkinServerOptions {
  readonly settings?: Partial<ZipkinSettings>;
  readonly notReadyReasons?: readonly string[];
}

/** A server under test. */
export interface ZipkinServer {
  readonly url: string;
  readonly feed: BatchFeed;
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Body of a 200 answer of `/api/v2`. */
  get(path: string): Promise<unknown>;
  /** Status and text of an answer of `/api/v2`. */
  told(path: string): Promise<readonly [number, string]>;
  stop(): Promise<void>;
}

/** Starts a server with spans in memory, one request each. */
export async function startZipkin(
  requests: Requests = [],
  options: ZipkinServerOptions = {},
): Promise<ZipkinServer> {
  const store = createMemoryStore();
  await store.start();
  const feed = new BatchFeed(store);
  for (const request of requests) feed.append(...request);
  return await serve(store, feed, options);
}

async function startLake(
  requests: Requests,
  sealedRequests: number,
  options: ZipkinServerOptions = {},
): Promise<ZipkinServer> {
  const dataDir = await mkdtemp(join(tmpdir(), "tracagg-zipkin-"));
  const store = createLakeStore({ dataDir });
  await store.start();
  const feed = new BatchFeed(store);
  for (const request of requests.slice(0, sealedRequests)) feed.append(...request);
  await store.flush();
  for (const request of requests.slice(sealedRequests)) feed.append(...request);
  const server = await serve(store, feed, options);
  return {
    ...server,
    stop: async () => {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Name of a server and how it starts. */
export const ZIPKIN_SERVERS: readonly (readonly [
  string,
  (requests: Requests, options?: ZipkinServerOptions) => Promise<ZipkinServer>,
])[] = [
  ["memory", (requests, options) => startZipkin(requests, options)],
  ["a lake, all sealed", (requests, options) => startLake(requests, requests.length, options)],
  [
    "a lake, half of it sealed",
    (requests, options) => startLake(requests, Math.floor(requests.length / 2), options),
  ],
];

async function serve(
  store: TraceStore,
  feed: BatchFeed,
  { settings, notReadyReasons = [] }: ZipkinServerOptions,
): Promise<ZipkinServer> {
  const metrics = createPrometheusMetrics();
  const clock = { nowMillis: () => NOW_MILLIS };
  const queries = createQueries({ reader: store, catalogue: store, statistics: store, metrics, clock });
  const logger = { info: () => {}, warn: () => {}, error: () => {} };
  const counts = new ZipkinCollectorCounts();
  const sink: SpanSink = {
    reserve: () => ({ grow: () => {}, release: () => {} }),
    submit: () => Promise.reject(new TracAggError("unavailable", "no spans are taken here")),
  };
  const ingest = new ZipkinIngest({ sink, answered: () => {}, counts });
  const api = createZipkinApi({
    version: "0.1.0",
    queries,
    metrics,
    logger,
    clock,
    ingest,
    counts,
    notReadyReasons: () => notReadyReasons,
    zipkin: { strictTraceId: true, autocompleteKeys: [], uiDir: "", ...settings },
  });
  const server = createServer(express().use("/zipkin", api).use(api));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ask = (path: string, init?: RequestInit) => fetch(`${url}${path}`, { redirect: "manual", ...init });
  const told = async (path: string): Promise<readonly [number, string]> => {
    const answer = await ask(`/api/v2/${path}`);
    return [answer.status, await answer.text()];
  };
  return {
    url,
    feed,
    fetch: ask,
    told,
    get: async (path) => {
      const [status, text] = await told(path);
      if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
      return JSON.parse(text);
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await store.stop();
    },
  };
}
