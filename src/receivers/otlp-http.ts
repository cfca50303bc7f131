/** OTLP/HTTP receiver: protobuf and JSON on one port (contract H1-H16; node:http itself, as this is a hot path). */

import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { Duplex } from "node:stream";
import { errorFrom, TracAggError } from "../base/errors.ts";
import { DEFAULT_MAX_REQUEST_BYTES } from "../base/limits.ts";
import type { Logger } from "../base/logger.ts";
import { silentLogger } from "../base/logger.ts";
import { silentMetrics } from "../base/metrics.ts";
import type { TranscodedRequest } from "../codec/otlp-json/decode.ts";
import { otlpProtobufFromJson } from "../codec/otlp-json/decode.ts";
import type { SpanSink } from "../ingest/span-sink.ts";
import { closeHttpServer } from "../io/http-port.ts";
import { http2Refusal, isHttp2Preface } from "../io/http2-refusal.ts";
import type { ListenAddress } from "../io/listen.ts";
import { listen } from "../io/listen.ts";
import type { CorsPolicy } from "./cors.ts";
import { createCorsPolicy, DEFAULT_CORS_ORIGINS } from "./cors.ts";
import { GRPC_ON_HTTP_PORT_HINT, unknownPathError } from "./otlp-hints.ts";
import type { ExportContext } from "./otlp-http-export.ts";
import { answerExport, refuse } from "./otlp-http-export.ts";
import type { Receiver } from "./receiver.ts";
import type { ReceiverMetrics } from "./receiver-metrics.ts";
import { createReceiverMetrics } from "./receiver-metrics.ts";

/** Options of {@link createOtlpHttpReceiver}. */
export interface OtlpHttpReceiverOptions {
  readonly sink: SpanSink;
  /** "127.0.0.1" */
  readonly host?: string;
  /** 4318; 0 takes a free one. */
  readonly port?: number;
  /** "/v1/traces" */
  readonly tracesPath?: string;
  /** 64 MiB, counted after decompression. */
  readonly maxRequestBytes?: number;
  /** Origins of web pages that may send, `*` standing for any characters; pages of this machine by default. */
  readonly corsOrigins?: readonly string[];
  /** 10,000: an idle connection costs some 10 KiB, and each is a file descriptor. Further ones are closed at once. */
  readonly maxConnections?: number;
  /** 75,000: longer than the 5 s between two batches of an SDK, or closing and sending would race. */
  readonly keepAliveTimeoutMillis?: number;
  /** 60,000 for the request's headers to arrive. */
  readonly headersTimeoutMillis?: number;
  /** 60,000 for the whole request to arrive. */
  readonly requestTimeoutMillis?: number;
  /** 10,000 between two pieces of a body: meanwhile the room it reserved is not there for others. */
  readonly bodyIdleTimeoutMillis?: number;
  /** Makes protobuf of OTLP/JSON; by default at once, which for long bodies stops everything else meanwhile. */
  readonly transcode?: (json: Uint8Array) => Promise<TranscodedRequest>;
  /** 5,000 for what was admitted to finish when stopping. */
  readonly stopTimeoutMillis?: number;
  readonly logger?: Logger;
  /** Shared by all receivers of a server. */
  readonly receiverMetrics?: ReceiverMetrics;
}

const MAX_HEADER_BYTES = 16 * 1024;
const MAX_TIMEOUT_CHECK_MILLIS = 10_000;
const MIN_TIMEOUT_CHECK_MILLIS = 20;

/**
 * Makes the receiver; nothing listens before `start`.
 *
 * @example
 * const receiver = createOtlpHttpReceiver({ sink: pipeline, port: 0 });
 * await receiver.start();
 * console.log(receiver.address().port);
 */
export function createOtlpHttpReceiver(options: OtlpHttpReceiverOptions): Receiver {
  return new OtlpHttpReceiver(options);
}

class OtlpHttpReceiver implements Receiver {
  readonly #options: OtlpHttpReceiverOptions;
  readonly #context: ExportContext;
  readonly #cors: CorsPolicy;
  readonly #tracesPath: string;
  readonly #logger: Logger;
  readonly #server: Server;
  #address: ListenAddress | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: OtlpHttpReceiverOptions) {
    this.#options = options;
    this.#context = {
      sink: options.sink,
      maxRequestBytes: options.maxRequestBytes ?? DEFAULT_MAX_REQUEST_BYTES,
      bodyIdleTimeoutMillis: options.bodyIdleTimeoutMillis ?? 10_000,
      metrics: options.receiverMetrics ?? createReceiverMetrics(silentMetrics),
      transcode: options.transcode ?? (async (json) => otlpProtobufFromJson(json)),
    };
    this.#cors = createCorsPolicy(options.corsOrigins ?? DEFAULT_CORS_ORIGINS);
    this.#tracesPath = options.tracesPath ?? "/v1/traces";
    this.#logger = options.logger ?? silentLogger;
    this.#server = createHttpServer(options);
    const onRequest = (request: IncomingMessage, response: ServerResponse): void =>
      this.#answer(request, response);
    this.#server.on("request", onRequest).on("checkContinue", onRequest);
    this.#server.on("clientError", (error, socket) => this.#answerClientError(error, socket));
  }

  async start(): Promise<void> {
    const { host = "127.0.0.1", port = 4318 } = this.#options;
    this.#address = await listen(this.#server, { host, port }, "OTLP/HTTP");
  }

  address(): ListenAddress {
    if (this.#address !== undefined) return this.#address;
    throw new TracAggError("failed_precondition", "OTLP/HTTP: not listening yet; await start() first");
  }

  stop(): Promise<void> {
    this.#stopped ??= closeHttpServer(this.#server, this.#options.stopTimeoutMillis);
    return this.#stopped;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    // A response to a client that is gone fails on the socket; there is nobody left to tell.
    response.on("error", ignore);
    if (request.method === "OPTIONS" && request.headers.origin !== undefined) {
      response.writeHead(204, this.#cors.preflightHeaders(request.headers)).end();
      return;
    }
    const exchange = { request, response, headers: this.#headersFor(request) };
    const path = pathOf(request);
    if (path !== this.#tracesPath) {
      refuse(this.#context, exchange, unknownPathError(path, this.#tracesPath));
      return;
    }
    answerExport(this.#context, exchange).catch((thrown: unknown) => {
      this.#logger.error("an answer could not be sent", { reason: errorFrom(thrown).message });
      response.destroy();
    });
  }

  #headersFor(request: IncomingMessage): Readonly<Record<string, string>> {
    const headers = this.#cors.answerHeaders(request.headers);
    return this.#stopped === undefined ? headers : { ...headers, Connection: "close" };
  }

  /** What never became a request: bytes that are not HTTP/1.1, headers too long or too slow. */
  #answerClientError(error: Error, socket: Duplex): void {
    const { code, rawPacket } = error as { readonly code?: string; readonly rawPacket?: Uint8Array };
    if (!socket.writable || code === "ECONNRESET") {
      socket.destroy();
      return;
    }
    if (rawPacket !== undefined && isHttp2Preface(rawPacket)) {
      this.#logger.warn("a gRPC (HTTP/2) client reached the OTLP/HTTP port");
      socket.end(http2Refusal(GRPC_ON_HTTP_PORT_HINT));
      return;
    }
    socket.end(clientErrorAnswer(code));
  }
}

function ignore(): void {}

function createHttpServer(options: OtlpHttpReceiverOptions): Server {
  const headersTimeout = options.headersTimeoutMillis ?? 60_000;
  const requestTimeout = options.requestTimeoutMillis ?? 60_000;
  const shortest = Math.min(headersTimeout, requestTimeout) / 2;
  const server = createServer({
    keepAliveTimeout: options.keepAliveTimeoutMillis ?? 75_000,
    headersTimeout,
    requestTimeout,
    connectionsCheckingInterval: Math.min(
      MAX_TIMEOUT_CHECK_MILLIS,
      Math.max(MIN_TIMEOUT_CHECK_MILLIS, shortest),
    ),
    maxHeaderSize: MAX_HEADER_BYTES,
    noDelay: true,
  });
  server.maxConnections = options.maxConnections ?? 10_000;
  return server;
}

function pathOf(request: IncomingMessage): string {
  const url = request.url ?? "/";
  const end = url.indexOf("?");
  return end < 0 ? url : url.slice(0, end);
}

/** The statuses that Node gives these faults when nobody listens. */
function clientErrorAnswer(code: string | undefined): string {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return rawAnswer(
        "431 Request Header Fields Too Large",
        `headers: expected at most ${MAX_HEADER_BYTES} bytes`,
      );
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return rawAnswer(
        "408 Request Timeout",
        "the request did not arrive in time; send its bytes without pauses",
      );
    default:
      return rawAnswer("400 Bad Request", "expected an HTTP/1.1 request");
  }
}

function rawAnswer(statusLine: string, message: string): string {
  const body = JSON.stringify({ code: 3, message });
  const head = `HTTP/1.1 ${statusLine}\r\nConnection: close\r\nContent-Type: application/json`;
  return `${head}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
