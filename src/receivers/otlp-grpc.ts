/**
 * OTLP/gRPC receiver (contract G1-G15; node:http2 itself, as this is a hot path): export calls are answered here, the
 * services beside them by grpc-js behind a relay.
 */

import type { Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { createServer } from "node:http2";
import { TracAggError } from "../base/errors.ts";
import { DEFAULT_MAX_REQUEST_BYTES } from "../base/limits.ts";
import type { Logger } from "../base/logger.ts";
import { silentLogger } from "../base/logger.ts";
import { silentMetrics } from "../base/metrics.ts";
import type { SpanSink } from "../ingest/span-sink.ts";
import { sendOnlyHeaders } from "../io/http2-answers.ts";
import { Http2Connections } from "../io/http2-connections.ts";
import type { ListenAddress } from "../io/listen.ts";
import { listen } from "../io/listen.ts";
import { sendError } from "./grpc-answer.ts";
import type { ExportCallContext, ExportProtocol } from "./grpc-export-call.ts";
import { answerExportCall } from "./grpc-export-call.ts";
import { isServicePath, LateServices } from "./grpc-late-services.ts";
import { PROTOBUF_ENCODING } from "./otlp-encoding.ts";
import { TRACE_EXPORT_PATH, unknownMethodError } from "./otlp-hints.ts";
import type { Receiver } from "./receiver.ts";
import type { ReceiverMetrics } from "./receiver-metrics.ts";
import { createReceiverMetrics } from "./receiver-metrics.ts";

/** What a receiver for another protocol than OTLP differs in. */
export interface GrpcReceiverProtocol extends ExportProtocol {
  /** Names the listener in messages. */
  readonly what: string;
  /** Path of the one call. */
  readonly path: string;
}

/** Options of {@link createOtlpGrpcReceiver}. */
export interface OtlpGrpcReceiverOptions {
  readonly sink: SpanSink;
  /** "127.0.0.1" */
  readonly host?: string;
  /** 4317; 0 takes a free one. */
  readonly port?: number;
  /** 64 MiB, counted after decompression. */
  readonly maxRequestBytes?: number;
  /** 10,000: an idle connection costs some 20 KiB, and each is a file descriptor. Further ones are closed at once. */
  readonly maxConnections?: number;
  /** 1,000 calls at once on one connection; further ones wait at the client. */
  readonly maxConcurrentStreams?: number;
  /** 60,000 of silence before a connection is pinged, which finds peers that vanished. */
  readonly keepaliveTimeMillis?: number;
  /** 20,000 for the answer to a ping. */
  readonly keepaliveTimeoutMillis?: number;
  /** 60,000 for the whole message of a call to arrive. */
  readonly requestTimeoutMillis?: number;
  /** 5,000 for what was admitted to finish when stopping. */
  readonly stopTimeoutMillis?: number;
  /** OTLP, with health and reflection beside it, by default. */
  readonly protocol?: GrpcReceiverProtocol;
  readonly logger?: Logger;
  /** Shared by all receivers of a server. */
  readonly receiverMetrics?: ReceiverMetrics;
}

/** After the last export call of a stopping server: for its answer to leave, and for watchers of the health to be told. */
const FLUSH_MILLIS = 100;

const MAX_HEADER_BYTES = 16 * 1024;

/** A usual request (512 spans) fits into its stream's window: it needs no round trip for a WINDOW_UPDATE. */
const STREAM_WINDOW_BYTES = 1024 * 1024;
/** The same for eight calls at once. What arrives is read at once, so windows cost memory only while this process is busy. */
const CONNECTION_WINDOW_BYTES = 8 * STREAM_WINDOW_BYTES;

const OTLP: GrpcReceiverProtocol = Object.freeze({
  what: "OTLP/gRPC",
  path: TRACE_EXPORT_PATH,
  transport: "otlp_grpc",
  response: PROTOBUF_ENCODING.response,
});

/** A gRPC receiver can say that it is about to stop. */
export interface OtlpGrpcReceiver extends Receiver {
  /** Health turns to NOT_SERVING; calls are still taken. `stop` does it too. */
  beginDrain(): void;
}

/**
 * Makes the receiver; nothing listens before `start`.
 *
 * @example
 * const receiver = createOtlpGrpcReceiver({ sink: pipeline, port: 0 });
 * await receiver.start();
 * console.log(receiver.address().port);
 */
export function createOtlpGrpcReceiver(options: OtlpGrpcReceiverOptions): OtlpGrpcReceiver {
  return new GrpcReceiver(options);
}

class GrpcReceiver implements OtlpGrpcReceiver {
  readonly #options: OtlpGrpcReceiverOptions;
  readonly #protocol: GrpcReceiverProtocol;
  readonly #metrics: ReceiverMetrics;
  readonly #server: Http2Server;
  readonly #connections: Http2Connections;
  readonly #exportContext: ExportCallContext;
  readonly #services: LateServices;
  #openCalls = 0;
  #onQuiet: () => void = () => {};
  #address: ListenAddress | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: OtlpGrpcReceiverOptions) {
    this.#options = options;
    this.#protocol = options.protocol ?? OTLP;
    const { transport } = this.#protocol;
    this.#metrics = options.receiverMetrics ?? createReceiverMetrics(silentMetrics);
    this.#services = new LateServices(options.logger ?? silentLogger, ({ code }) =>
      this.#metrics.answered(transport, code),
    );
    this.#exportContext = this.#createExportContext();
    this.#server = createHttp2Server(options);
    this.#connections = new Http2Connections(this.#server, {
      keepaliveTimeMillis: options.keepaliveTimeMillis ?? 60_000,
      keepaliveTimeoutMillis: options.keepaliveTimeoutMillis ?? 20_000,
      windowBytes: CONNECTION_WINDOW_BYTES,
      onCut: (reason) => this.#metrics.connectionCut(transport, reason),
    });
    this.#server.on("stream", (stream, headers) => this.#onStream(stream, headers));
  }

  async start(): Promise<void> {
    const { host = "127.0.0.1", port = 4317 } = this.#options;
    this.#address = await listen(this.#server, { host, port }, this.#protocol.what);
  }

  address(): ListenAddress {
    if (this.#address !== undefined) return this.#address;
    throw new TracAggError(
      "failed_precondition",
      `${this.#protocol.what}: not listening yet; await start() first`,
    );
  }

  beginDrain(): void {
    this.#services.setServing(false);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  /** Connections close as soon as their calls are done; a health watcher, who never is, does not hold them open. */
  async #stop(): Promise<void> {
    this.beginDrain();
    if (this.#server.listening) await this.#closeConnections();
    this.#services.close();
  }

  #closeConnections(): Promise<void> {
    return new Promise((resolve) => {
      const cut = (): void => this.#connections.cut();
      const deadline = setTimeout(cut, this.#options.stopTimeoutMillis ?? 5_000);
      let flush: NodeJS.Timeout | undefined;
      this.#onQuiet = () => {
        flush ??= setTimeout(cut, FLUSH_MILLIS);
      };
      this.#server.close(() => {
        clearTimeout(deadline);
        clearTimeout(flush);
        resolve();
      });
      this.#connections.closeWhenDone();
      if (this.#openCalls === 0) this.#onQuiet();
    });
  }

  /** Decides by path what becomes of a call before its message is read. */
  #onStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    // A stream whose client is gone fails; there is nobody left to tell.
    stream.on("error", () => {});
    const path = headers[":path"];
    if (headers[":method"] !== "POST") sendOnlyHeaders(stream, { ":status": 405, allow: "POST" });
    else if (!isGrpc(headers)) sendOnlyHeaders(stream, { ":status": 415 });
    else if (path === this.#protocol.path) answerExportCall(this.#exportContext, stream, headers);
    else this.#answerOther(path ?? "", stream, headers);
  }

  #answerOther(path: string, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    if (this.#protocol === OTLP && isServicePath(path)) {
      void this.#services.answer(stream, headers);
      return;
    }
    const error = this.#protocol === OTLP ? unknownMethodError(path) : otherMethodError(path, this.#protocol);
    this.#metrics.answered(this.#protocol.transport, error.code);
    sendError(stream, error);
  }

  #createExportContext(): ExportCallContext {
    return {
      sink: this.#options.sink,
      protocol: this.#protocol,
      maxRequestBytes: this.#options.maxRequestBytes ?? DEFAULT_MAX_REQUEST_BYTES,
      readTimeoutMillis: this.#options.requestTimeoutMillis ?? 60_000,
      onOpen: () => {
        this.#openCalls++;
      },
      onClose: (outcome) => {
        this.#metrics.answered(this.#protocol.transport, outcome);
        this.#openCalls--;
        if (this.#openCalls === 0) this.#onQuiet();
      },
    };
  }
}

function createHttp2Server(options: OtlpGrpcReceiverOptions): Http2Server {
  const server = createServer({
    settings: {
      initialWindowSize: STREAM_WINDOW_BYTES,
      maxConcurrentStreams: options.maxConcurrentStreams ?? 1_000,
      maxHeaderListSize: MAX_HEADER_BYTES,
    },
  });
  server.maxConnections = options.maxConnections ?? 10_000;
  return server;
}

function otherMethodError(path: string, protocol: GrpcReceiverProtocol): TracAggError {
  const shown = JSON.stringify(path.slice(0, 200));
  return new TracAggError("unimplemented", `no method is at ${shown}; ${protocol.path} is`);
}

function isGrpc(headers: IncomingHttpHeaders): boolean {
  return headers["content-type"]?.startsWith("application/grpc") === true;
}
