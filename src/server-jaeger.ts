/** What Jaeger's former clients and agents talk to: span receivers and remote sampling, each on a port of its own. */

import { createServer } from "node:http";
import { GrpcPorts } from "./api/grpc-port.ts";
import type { Logger } from "./base/logger.ts";
import type { Metrics } from "./base/metrics.ts";
import type { TracAggConfig } from "./config/config.ts";
import { PORT_OFF } from "./config/option-spec.ts";
import type { SpanSink } from "./ingest/span-sink.ts";
import { HttpPort } from "./io/http-port.ts";
import type { ListenAddress } from "./io/listen.ts";
import { listen } from "./io/listen.ts";
import { createJaegerGrpcReceiver } from "./receivers/jaeger-grpc.ts";
import { createJaegerThriftReceiver } from "./receivers/jaeger-thrift-http.ts";
import type { ReceiverMetrics } from "./receivers/receiver-metrics.ts";
import { createSamplingServer, SAMPLING_PATH_START } from "./sampling/sampling-grpc.ts";
import { samplingListener } from "./sampling/sampling-http.ts";
import { StrategySource } from "./sampling/strategy-source.ts";
import { hostPort } from "./server-address.ts";

/** What they work with. */
export interface JaegerParts {
  readonly config: TracAggConfig;
  readonly logger: Logger;
  /** Takes what has to be done when the server stops, last first. */
  readonly lifecycle: { onStop(step: () => Promise<void> | void): void };
  readonly metrics: Metrics;
  readonly sink: SpanSink;
  readonly receiverMetrics: ReceiverMetrics;
}

/** Where they listen; what is off is not there. */
export interface JaegerAddresses {
  /** `http://host:port` of Thrift over HTTP, with `receivers.jaeger.http.port`. */
  readonly jaegerThriftHttp?: string;
  /** `host:port` of spans over gRPC, with `receivers.jaeger.grpc.port`. */
  readonly jaegerCollectorGrpc?: string;
  /** `http://host:port` of remote sampling, with `sampling.file`. */
  readonly samplingHttp?: string;
  /** `host:port` of remote sampling over gRPC, with `sampling.file`. */
  readonly samplingGrpc?: string;
}

/** Any text that is readable where a gRPC port is asked over HTTP/1.1. */
const ONLY_GRPC = "this port answers gRPC (h2c) only; remote sampling over HTTP has a port of its own\n";

/**
 * Starts those that are on.
 *
 * @throws TracAggError `failed_precondition` when a port cannot be had, `invalid_argument` when the file of strategies is
 *   missing or broken
 */
export async function startJaeger(parts: JaegerParts): Promise<JaegerAddresses> {
  const { http, grpc } = parts.config.receivers.jaeger;
  const shared = {
    sink: parts.sink,
    host: parts.config.server.host,
    maxRequestBytes: parts.config.receivers.otlp.maxRequestBytes,
    logger: parts.logger,
    receiverMetrics: parts.receiverMetrics,
  };
  const thrift = http.port === PORT_OFF ? undefined : createJaegerThriftReceiver({ ...shared, ...http });
  const collector = grpc.port === PORT_OFF ? undefined : createJaegerGrpcReceiver({ ...shared, ...grpc });
  const jaegerThriftHttp = await started(parts, thrift);
  const jaegerCollectorGrpc = await started(parts, collector);
  return {
    ...(jaegerThriftHttp === undefined ? {} : { jaegerThriftHttp: `http://${jaegerThriftHttp}` }),
    ...(jaegerCollectorGrpc === undefined ? {} : { jaegerCollectorGrpc }),
    ...(parts.config.sampling.file === "" ? {} : await startSampling(parts)),
  };
}

async function startSampling(parts: JaegerParts): Promise<JaegerAddresses> {
  const { config, logger, metrics, lifecycle } = parts;
  const { file, http, grpc } = config.sampling;
  const { host } = config.server;
  const source = new StrategySource({ file, logger, metrics });
  await source.start();
  lifecycle.onStop(() => source.stop());
  const what = "remote sampling (--sampling-http-port)";
  const port =
    http.port === PORT_OFF
      ? undefined
      : new HttpPort({ host, port: http.port, what, listener: samplingListener(source) });
  const samplingHttp = await started(parts, port);
  const samplingGrpc = await startSamplingGrpc(parts, source, grpc.port);
  return {
    ...(samplingHttp === undefined ? {} : { samplingHttp: `http://${samplingHttp}` }),
    ...(samplingGrpc === undefined ? {} : { samplingGrpc }),
  };
}

async function startSamplingGrpc(
  { config, metrics, lifecycle }: JaegerParts,
  source: StrategySource,
  port: number,
): Promise<string | undefined> {
  if (port === PORT_OFF) return undefined;
  const ports = new GrpcPorts({ metrics });
  const server = createServer((_request, response) => {
    response.writeHead(404, { "Content-Type": "text/plain; charset=utf-8" }).end(ONLY_GRPC);
  });
  ports.attach(server, [
    {
      what: "remote sampling",
      pathStarts: [SAMPLING_PATH_START],
      makeServer: () => createSamplingServer(source),
    },
  ]);
  const address = await listen(
    server,
    { host: config.server.host, port },
    "remote sampling over gRPC (--sampling-grpc-port)",
  );
  lifecycle.onStop(() => ports.close());
  lifecycle.onStop(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        // An answer is made at once: nothing is under way that would be missed.
        ports.cut(server);
      }),
  );
  return hostPort(address);
}

interface Startable {
  start(): Promise<void>;
  stop(): Promise<void>;
  address(): ListenAddress;
}

async function started({ lifecycle }: JaegerParts, part: Startable | undefined): Promise<string | undefined> {
  if (part === undefined) return undefined;
  await part.start();
  lifecycle.onStop(() => part.stop());
  return hostPort(part.address());
}
