/** The ports that people and programs ask at: the main one, and with `api.tempo.port` one for the Tempo API. */

import type { Server } from "node:http";
import { createServer } from "node:http";
import type { StatusJson } from "./api/contract.ts";
import { createApi } from "./api/create-api.ts";
import type { RenderedMetrics } from "./api/health/prometheus-metrics.ts";
import { StreamingPort } from "./api/tempo/streaming-port.ts";
import { createTempoApi } from "./api/tempo/tempo-api.ts";
import type { Clock } from "./base/clock.ts";
import type { Logger } from "./base/logger.ts";
import type { TracAggConfig } from "./config/config.ts";
import { isLoopbackHost } from "./config/loopback.ts";
import { PORT_OFF } from "./config/option-spec.ts";
import type { ListenAddress } from "./io/listen.ts";
import { listen } from "./io/listen.ts";
import { createQueries } from "./query/queries.ts";
import type { ServerStatistics } from "./server-statistics.ts";
import type { TraceStore } from "./store/trace-store.ts";
import type { AnalysisThread } from "./threads/analysis-thread.ts";
import { VERSION } from "./version.ts";

/** What the APIs work with. */
export interface ApiParts {
  readonly config: TracAggConfig;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Takes what has to be done when the server stops, last first. */
  readonly lifecycle: { onStop(step: () => Promise<void> | void): void };
  readonly metrics: RenderedMetrics;
  readonly store: TraceStore;
  readonly statistics: ServerStatistics;
  readonly largeAnalyses: AnalysisThread;
  readonly status: () => StatusJson;
  readonly notReadyReasons: () => readonly string[];
}

/** Where they listen. */
export interface ApiAddresses {
  readonly main: ListenAddress;
  /** Undefined when it is off. */
  readonly tempo: ListenAddress | undefined;
}

/**
 * Starts the APIs. One set of limits holds for all that is asked, on whatever port.
 *
 * @throws TracAggError `failed_precondition` when a port cannot be had.
 */
export async function listenApis(parts: ApiParts): Promise<ApiAddresses> {
  const { config, logger, clock, lifecycle, metrics, store, statistics, largeAnalyses } = parts;
  const ports = {
    reader: store,
    catalogue: store,
    statistics: store,
    largeAnalyses,
    live: () => statistics.current(),
    liveUpToDate: (signal: AbortSignal) => statistics.upToDate(signal),
  };
  const limits = {
    maxRunning: config.query.maxConcurrent,
    timeLimitMillis: config.query.timeoutMillis,
    maxSpansPerAnswer: config.query.maxTraceSpans,
    maxHeldBytes: config.query.maxHeldBytes,
  };
  const queries = createQueries({ ...ports, metrics, clock, limits });
  const { status, notReadyReasons } = parts;
  const guard = isLoopbackHost(config.server.host) ? { loopbackHosts: [] } : {};
  const shared = { version: VERSION, ...ports, metrics, logger, clock, queries, notReadyReasons, ...guard };
  const streaming = new StreamingPort({ queries, logger, metrics, ...guard });
  lifecycle.onStop(() => streaming.close());
  const open = async (server: Server, port: number, what: string): Promise<ListenAddress> => {
    streaming.attach(server);
    const address = await listen(server, { host: config.server.host, port }, what);
    lifecycle.onStop(() => closeServer(server, streaming));
    return address;
  };
  const main = await open(
    createServer(createApi({ ...shared, status })),
    config.server.port,
    "UI and API (--port)",
  );
  const tempoPort = config.api.tempo.port;
  const tempo =
    tempoPort === PORT_OFF
      ? undefined
      : await open(createServer(createTempoApi(shared)), tempoPort, "Tempo API (--tempo-port)");
  // Clients that follow events would keep it from closing.
  lifecycle.onStop(() => statistics.current().profiles.feed.close());
  return { main, tempo };
}

/** Takes no new connections and drops idle ones at once; queries under way have a second to end. */
async function closeServer(server: Server, streaming: StreamingPort): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeIdleConnections();
  streaming.closeWhenDone(server);
  const timer = setTimeout(() => {
    server.closeAllConnections();
    streaming.cut(server);
  }, 1_000);
  await closed;
  clearTimeout(timer);
}
