/** The ports that people and programs ask at: the main one, and those of other backends' APIs. */

import type { RequestListener, Server } from "node:http";
import { createServer } from "node:http";
import express from "express";
import type { StatusJson } from "./api/contract.ts";
import { createApi } from "./api/create-api.ts";
import type { ExporterJson } from "./api/exporter-contract.ts";
import type { GrpcGroup } from "./api/grpc-port.ts";
import { GrpcPorts } from "./api/grpc-port.ts";
import type { RenderedMetrics } from "./api/health/prometheus-metrics.ts";
import { createJaegerApi } from "./api/jaeger/jaeger-api.ts";
import { jaegerGrpcGroup } from "./api/jaeger/jaeger-grpc.ts";
import { openJaegerSite } from "./api/jaeger/jaeger-site.ts";
import { createTempoApi } from "./api/tempo/tempo-api.ts";
import { tempoGrpcGroup } from "./api/tempo/tempo-grpc.ts";
import { ZipkinCollectorCounts } from "./api/zipkin/collector-counts.ts";
import type { ZipkinIngestOptions } from "./api/zipkin/ingest.ts";
import { ZipkinIngest } from "./api/zipkin/ingest.ts";
import { createZipkinApi } from "./api/zipkin/zipkin-api.ts";
import { zipkinGrpcGroup } from "./api/zipkin/zipkin-grpc.ts";
import type { Clock } from "./base/clock.ts";
import type { Logger } from "./base/logger.ts";
import type { TracAggConfig } from "./config/config.ts";
import { isLoopbackHost } from "./config/loopback.ts";
import { PORT_OFF } from "./config/option-spec.ts";
import type { SpanSink } from "./ingest/span-sink.ts";
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
  /** Takes what is sent to the Zipkin API. */
  readonly sink: SpanSink;
  /** Counts what is answered to it. */
  readonly answered: ZipkinIngestOptions["answered"];
  readonly statistics: ServerStatistics;
  readonly largeAnalyses: AnalysisThread;
  readonly status: () => StatusJson;
  readonly exporters: () => readonly ExporterJson[];
  readonly notReadyReasons: () => readonly string[];
}

/** Where they listen; undefined is off. */
export interface ApiAddresses {
  readonly main: ListenAddress;
  readonly tempo: ListenAddress | undefined;
  readonly zipkin: ListenAddress | undefined;
  readonly jaegerGrpc: ListenAddress | undefined;
}

/**
 * Starts the APIs. One set of limits holds for all that is asked, on whatever port.
 *
 * @throws TracAggError `failed_precondition` when a port cannot be had.
 */
export async function listenApis(parts: ApiParts): Promise<ApiAddresses> {
  const { config, clock, lifecycle, status, exporters, statistics } = parts;
  const { shared, ports } = sharedParts(parts);
  const { queries, logger } = shared;
  const openPort = portOpener(parts, ports);
  const { tempo, zipkin, jaeger } = config.api;
  const counts = new ZipkinCollectorCounts();
  const { maxRequestBytes } = config.receivers.otlp;
  const ingest = new ZipkinIngest({ sink: parts.sink, answered: parts.answered, counts, maxRequestBytes });
  const zipkinApi = createZipkinApi({ ...shared, clock, ingest, counts, zipkin });
  const jaegerApi = createJaegerApi({ ...shared, clock, jaeger });
  const tempoCalls = tempoGrpcGroup({ queries, logger });
  const zipkinCalls = zipkinGrpcGroup(ingest, logger);
  const jaegerCalls = jaegerGrpcGroup({ queries, logger });
  const mounts = [
    { path: "/zipkin", app: zipkinApi },
    { path: "/jaeger", app: await openJaegerSite({ ...shared, api: jaegerApi, jaeger }) },
    { path: "/", app: jaegerApi },
  ];
  const main = await openPort(config.server.port, {
    what: "UI and API (--port)",
    listener: createApi({ ...shared, clock, status, exporters, mounts }),
    groups: [tempoCalls, zipkinCalls, jaegerCalls],
  });
  const tempoPort = await openPort(tempo.port, {
    what: "Tempo API (--tempo-port)",
    listener: createTempoApi(shared),
    groups: [tempoCalls],
  });
  const zipkinPort = await openPort(zipkin.port, {
    what: "Zipkin API (--zipkin-port)",
    listener: express().use("/zipkin", zipkinApi).use(zipkinApi),
    groups: [zipkinCalls],
  });
  const jaegerGrpc = await openPort(jaeger.grpc.port, {
    what: "Jaeger queries over gRPC (--jaeger-grpc-port)",
    listener: onlyGrpc,
    groups: [jaegerCalls],
  });
  // Clients that follow events would keep it from closing.
  lifecycle.onStop(() => statistics.current().profiles.feed.close());
  return { main: main as ListenAddress, tempo: tempoPort, zipkin: zipkinPort, jaegerGrpc };
}

/** What every API works with, and the one place that answers gRPC. */
function sharedParts(parts: ApiParts) {
  const { config, logger, clock, lifecycle, metrics, store, statistics, largeAnalyses } = parts;
  const readers = {
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
  const queries = createQueries({ ...readers, metrics, clock, limits });
  const { notReadyReasons } = parts;
  const guard = isLoopbackHost(config.server.host) ? { loopbackHosts: [] } : {};
  const ports = new GrpcPorts({ metrics, ...guard });
  lifecycle.onStop(() => ports.close());
  const shared = { version: VERSION, ...readers, metrics, logger, queries, notReadyReasons, ...guard };
  return { shared, ports };
}

interface Port {
  readonly what: string;
  readonly listener: RequestListener;
  readonly groups: readonly GrpcGroup[];
}

type OpenPort = (port: number, what: Port) => Promise<ListenAddress | undefined>;

/** Opens ports that close with the server; undefined where a port is off. */
function portOpener({ config, lifecycle }: ApiParts, ports: GrpcPorts): OpenPort {
  return async (port, { what, listener, groups }) => {
    if (port === PORT_OFF) return undefined;
    const server = createServer(listener);
    ports.attach(server, groups);
    const address = await listen(server, { host: config.server.host, port }, what);
    lifecycle.onStop(() => closeServer(server, ports));
    return address;
  };
}

const onlyGrpc: RequestListener = (_request, response) => {
  response.writeHead(404, { "Content-Type": "text/plain; charset=utf-8" });
  response.end("this port answers gRPC (h2c) only; Jaeger's HTTP API is on the port of the UI\n");
};

/** Takes no new connections and drops idle ones at once; queries under way have a second to end. */
async function closeServer(server: Server, ports: GrpcPorts): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeIdleConnections();
  ports.closeWhenDone(server);
  const timer = setTimeout(() => {
    server.closeAllConnections();
    ports.cut(server);
  }, 1_000);
  await closed;
  clearTimeout(timer);
}
