/** Jaeger's API over each store, with the spans where they can lie: in memory, in sealed segments, or in both. */

import { mkdtemp, rm } from "node:fs/promises";
import type { Server } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GrpcPorts } from "../../../src/api/grpc-port.ts";
import { createJaegerApi } from "../../../src/api/jaeger/jaeger-api.ts";
import { jaegerGrpcGroup } from "../../../src/api/jaeger/jaeger-grpc.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import { silentMetrics } from "../../../src/base/metrics.ts";
import type { Span } from "../../../src/model/span.ts";
import type { QueryLimits } from "../../../src/query/queries.ts";
import { createQueries } from "../../../src/query/queries.ts";
import { createLakeStore } from "../../../src/store/lake/lake-store.ts";
import { createMemoryStore } from "../../../src/store/memory/memory-store.ts";
import type { TraceStore } from "../../../src/store/trace-store.ts";
import type { Placement } from "../../contract/trace-store-handle.ts";
import { place } from "../../contract/trace-store-handle.ts";

export interface JaegerServer {
  /** `host:port`, of HTTP and gRPC alike. */
  readonly host: string;
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Body of a 200 answer. */
  get(path: string): Promise<unknown>;
  stop(): Promise<void>;
}

/** Serves a started store with these spans; `clean` runs when all has stopped. */
async function serve(
  store: TraceStore,
  { clean, limits }: { readonly clean: () => Promise<void>; readonly limits: QueryLimits },
): Promise<JaegerServer> {
  const queries = createQueries({
    reader: store,
    catalogue: store,
    statistics: store,
    metrics: silentMetrics,
    clock: systemClock,
    limits,
  });
  const shared = { queries, logger: silentLogger, metrics: silentMetrics };
  const app = createJaegerApi({
    ...shared,
    version: "0.1.0",
    clock: systemClock,
    jaeger: { uiDir: "", uiConfig: "" },
  });
  const server = createServer(app);
  const ports = new GrpcPorts({ metrics: silentMetrics });
  ports.attach(server, [jaegerGrpcGroup(shared)]);
  await listening(server);
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ask = (path: string, init?: RequestInit): Promise<Response> => fetch(`http://${host}${path}`, init);
  return {
    host,
    fetch: ask,
    get: async (path) => {
      const answer = await ask(path);
      const text = await answer.text();
      if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${text}`);
      return JSON.parse(text);
    },
    stop: async () => {
      await ports.close();
      ports.cut(server);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await store.stop();
      await clean();
    },
  };
}

/** A server over memory. */
export async function startJaeger(spans: readonly Span[], limits: QueryLimits = {}): Promise<JaegerServer> {
  const store = createMemoryStore();
  await store.start();
  await place({ store, flush: () => Promise.resolve(), close: () => store.stop() }, spans, "hot");
  return await serve(store, { clean: () => Promise.resolve(), limits });
}

async function startLake(spans: readonly Span[], placement: Placement): Promise<JaegerServer> {
  const dataDir = await mkdtemp(join(tmpdir(), "tracagg-jaeger-"));
  const store = createLakeStore({ dataDir });
  await store.start();
  await place({ store, flush: () => store.flush(), close: () => store.stop() }, spans, placement);
  return await serve(store, { clean: () => rm(dataDir, { recursive: true, force: true }), limits: {} });
}

/** Name of a server and how it starts. */
export const JAEGER_SERVERS: readonly (readonly [
  string,
  (spans: readonly Span[]) => Promise<JaegerServer>,
])[] = [
  ["memory", (spans) => startJaeger(spans)],
  ["a lake, all sealed", (spans) => startLake(spans, "flushed")],
  ["a lake, half of it sealed", (spans) => startLake(spans, "half")],
];

function listening(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve());
  });
}
