/** A real HTTP server over a memory store, and the small trace the goldens are about. */

import type { Server } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { StatusJson } from "../../src/api/contract.ts";
import type { CreateApiOptions } from "../../src/api/create-api.ts";
import { createApi } from "../../src/api/create-api.ts";
import { createPrometheusMetrics } from "../../src/api/health/prometheus-metrics.ts";
import type { LogFields, Logger } from "../../src/base/logger.ts";
import type { Span } from "../../src/model/span.ts";
import { LiveStatistics } from "../../src/rollup/live-statistics.ts";
import { createMemoryStore } from "../../src/store/memory/memory-store.ts";
import { BatchFeed } from "../helpers/otlp-fixture.ts";
import { buildSpan, traceIdOf } from "../helpers/trace-builder.ts";

/** One minute after the golden trace starts. */
export const NOW_MILLIS = 1_700_000_060_000;

export const STATUS: StatusJson = {
  version: "0.1.0",
  uptimeSeconds: 12.5,
  receivedSpans: 3,
  refusedSpans: 1,
  lastIngestError: {
    time: "2023-11-14T22:13:20.000000000Z",
    message: "span_id: expected 8 bytes, got <3>",
    fix: "Send 8 bytes.",
  },
  addresses: { ui: "http://127.0.0.1:16686", otlpGrpc: "127.0.0.1:4317", otlpHttp: "http://127.0.0.1:4318" },
  storage: { store: "memory", bytes: 1_000, maxBytes: 2_000, maxAgeSeconds: null },
};

/** gateway SERVER 0-100 ms > gateway CLIENT 10-90 ms > payment SERVER 20-80 ms, which fails. */
export function checkoutSpans(): readonly Span[] {
  const root = buildSpan("checkout", {
    id: "root",
    service: "gateway",
    name: "GET /checkout",
    kind: "SERVER",
    at: [0, 100],
  });
  const call = buildSpan("checkout", {
    id: "call",
    parent: "root",
    service: "gateway",
    name: "charge",
    kind: "CLIENT",
    at: [10, 90],
  });
  const charge = buildSpan("checkout", {
    id: "charge",
    parent: "call",
    service: "payment",
    name: "Charge",
    kind: "SERVER",
    at: [20, 80],
    status: "ERROR",
    attributes: {
      "http.response.status_code": 500n,
      "card.number": 9_007_199_254_740_993n,
      ratio: 0.5,
      odd: Number.NaN,
      raw: new Uint8Array([1, 2, 3]),
      list: [true, "x"],
      "url.query": "a=b",
    },
    events: [
      {
        name: "exception",
        timeUnixNano: 1_700_000_000_050_000_000n,
        attributes: { "exception.type": "Declined" },
        droppedAttributesCount: 0,
      },
    ],
    links: ["other/target"],
  });
  return [root, call, { ...charge, statusMessage: "declined", traceState: "a=1", flags: 257 }];
}

/** Id of the golden trace. */
export const CHECKOUT_ID: string = traceIdOf("checkout");

/** One root span of the service `worker`, named after its number, that many seconds after the golden trace. */
export function workerSpan(number: number): Span {
  return buildSpan(`job-${number}`, {
    id: `job-${number}`,
    service: "worker",
    name: `job ${number}`,
    at: [number * 1_000, number * 1_000 + number],
  });
}

/** A server under test. */
export interface ApiServer {
  readonly port: number;
  /** What was logged as an error. */
  readonly logged: readonly { readonly message: string; readonly fields: LogFields | undefined }[];
  readonly feed: BatchFeed;
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Body of a 200 answer. */
  get(path: string): Promise<unknown>;
  stop(): Promise<void>;
}

/** Starts a server on a free port; `spans` are in its store, one request each. */
export async function startApi(
  spans: readonly (readonly Span[])[] = [checkoutSpans()],
  overrides: Partial<CreateApiOptions> = {},
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
  for (const request of spans) feed.append(...request);
  const logged: { message: string; fields: LogFields | undefined }[] = [];
  const logger: Logger = {
    info: () => {},
    warn: () => {},
    error: (message, fields) => logged.push({ message, fields }),
  };
  const app = createApi({
    version: "0.1.0",
    reader: store,
    catalogue: store,
    statistics: store,
    live: () => live,
    metrics: createPrometheusMetrics(),
    logger,
    clock: { nowMillis: () => NOW_MILLIS },
    status: () => STATUS,
    notReadyReasons: () => [],
    ...overrides,
  });
  const server = createServer(app);
  await listening(server);
  const { port } = server.address() as AddressInfo;
  const ask = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init);
  return {
    port,
    logged,
    feed,
    fetch: ask,
    get: async (path) => {
      const response = await ask(path);
      const text = await response.text();
      if (response.status !== 200) throw new Error(`${path}: ${response.status} ${text}`);
      return JSON.parse(text);
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await store.stop();
    },
  };
}

function listening(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve());
  });
}
