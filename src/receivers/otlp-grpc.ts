/** OTLP/gRPC receiver (contract G1-G15): the bytes of a message go to the sink as they are. */

import type { ServerInterceptor, ServerUnaryCall, sendUnaryData } from "@grpc/grpc-js";
import { Server, ServerCredentials, ServerInterceptingCall } from "@grpc/grpc-js";
import type { ErrorCode } from "../base/errors.ts";
import { errorFrom, TracAggError } from "../base/errors.ts";
import { DEFAULT_MAX_REQUEST_BYTES } from "../base/limits.ts";
import type { Logger } from "../base/logger.ts";
import { silentLogger } from "../base/logger.ts";
import { silentMetrics } from "../base/metrics.ts";
import type { IngestRequest, SpanSink } from "../ingest/span-sink.ts";
import type { ListenAddress } from "../io/listen.ts";
import { listenError } from "../io/listen.ts";
import type { AdmittedMessage, GrpcAdmissionOptions } from "./grpc-admission.ts";
import { admitCall } from "./grpc-admission.ts";
import {
  addOtherSignals,
  addReflection,
  createHealth,
  exportService,
  otherSignalErrors,
  TRACE_EXPORT_PATH,
  TRACE_SERVICE,
} from "./grpc-services.ts";
import { grpcStatusFrom } from "./grpc-status.ts";
import { PROTOBUF_ENCODING } from "./otlp-encoding.ts";
import type { Receiver } from "./receiver.ts";
import type { ReceiverMetrics } from "./receiver-metrics.ts";
import { createReceiverMetrics } from "./receiver-metrics.ts";

/** Options of {@link createOtlpGrpcReceiver}. */
export interface OtlpGrpcReceiverOptions {
  readonly sink: SpanSink;
  /** "127.0.0.1" */
  readonly host?: string;
  /** 4317; 0 takes a free one. */
  readonly port?: number;
  /** 64 MiB, counted after decompression. */
  readonly maxRequestBytes?: number;
  /** 1,000 calls at once on one connection; further ones wait at the client. */
  readonly maxConcurrentStreams?: number;
  /** 60,000 between two pings on a silent connection, which find peers that vanished. */
  readonly keepaliveTimeMillis?: number;
  /** 20,000 for the answer to a ping. */
  readonly keepaliveTimeoutMillis?: number;
  /** 60,000 for the whole message of a call to arrive. */
  readonly requestTimeoutMillis?: number;
  /** 5,000 for what was admitted to finish when stopping. */
  readonly stopTimeoutMillis?: number;
  readonly logger?: Logger;
  /** Shared by all receivers of a server. */
  readonly receiverMetrics?: ReceiverMetrics;
}

/** After the last export call of a stopping server: for its answer to leave, and for watchers of the health to be told. */
const FLUSH_MILLIS = 100;

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
  readonly #logger: Logger;
  readonly #metrics: ReceiverMetrics;
  readonly #server: Server;
  readonly #health: { setServing(isServing: boolean): void };
  #openCalls = 0;
  #onQuiet: () => void = () => {};
  #address: ListenAddress | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: OtlpGrpcReceiverOptions) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
    this.#metrics = options.receiverMetrics ?? createReceiverMetrics(silentMetrics);
    this.#server = createGrpcServer(options, this.#interceptor());
    this.#server.addService(exportService(TRACE_SERVICE), {
      Export: (
        call: ServerUnaryCall<AdmittedMessage, Uint8Array>,
        callback: sendUnaryData<Uint8Array>,
      ): void => {
        void this.#export(call.request, callback);
      },
    });
    addOtherSignals(this.#server);
    this.#health = createHealth(this.#server);
  }

  async start(): Promise<void> {
    if (!(await addReflection(this.#server))) {
      this.#logger.warn("gRPC reflection is off: the package lacks its proto folder");
    }
    const { host = "127.0.0.1", port = 4317 } = this.#options;
    const authority = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
    this.#address = await new Promise((resolve, reject) => {
      this.#server.bindAsync(authority, ServerCredentials.createInsecure(), (error, boundPort) => {
        if (error === null) resolve({ host, port: boundPort });
        else reject(listenError(error, { host, port }, "OTLP/gRPC"));
      });
    });
  }

  address(): ListenAddress {
    if (this.#address !== undefined) return this.#address;
    throw new TracAggError("failed_precondition", "OTLP/gRPC: not listening yet; await start() first");
  }

  beginDrain(): void {
    this.#health.setServing(false);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  /** Connections close as soon as their calls are done; a health watcher, who never is, does not hold them open. */
  #stop(): Promise<void> {
    this.beginDrain();
    return new Promise((resolve) => {
      const force = (): void => this.#server.forceShutdown();
      const deadline = setTimeout(force, this.#options.stopTimeoutMillis ?? 5_000);
      let flush: NodeJS.Timeout | undefined;
      this.#onQuiet = () => {
        flush ??= setTimeout(force, FLUSH_MILLIS);
      };
      this.#server.tryShutdown(() => {
        clearTimeout(deadline);
        clearTimeout(flush);
        resolve();
      });
      if (this.#openCalls === 0) this.#onQuiet();
    });
  }

  async #export(message: AdmittedMessage, callback: sendUnaryData<Uint8Array>): Promise<void> {
    const release = message.take();
    let outcome: "accepted" | ErrorCode = "accepted";
    let answer: () => void;
    try {
      const body = PROTOBUF_ENCODING.response(await this.#options.sink.submit(ingestRequest(message)));
      answer = () => callback(null, Buffer.from(body.buffer, body.byteOffset, body.length));
    } catch (thrown) {
      const error = errorFrom(thrown);
      outcome = error.code;
      answer = () => callback(grpcStatusFrom(error));
    }
    // Whoever holds the answer may send the next request at once: the room is free before it leaves.
    release();
    this.#metrics.answered("otlp_grpc", outcome);
    answer();
  }

  /** Decides by path what becomes of a call before its message is read. */
  #interceptor(): ServerInterceptor {
    const admission = this.#admissionOptions();
    const errors = otherSignalErrors();
    return (method, call) => {
      if (method.path === TRACE_EXPORT_PATH) return admitCall(admission, call);
      const error = errors.get(method.path);
      if (error === undefined) return new ServerInterceptingCall(call);
      const refuse = (): void => {
        this.#metrics.answered("otlp_grpc", error.code);
        call.sendStatus(grpcStatusFrom(error));
      };
      return new ServerInterceptingCall(call, { start: (next) => next({ onReceiveMetadata: refuse }) });
    };
  }

  #admissionOptions(): GrpcAdmissionOptions {
    return {
      sink: this.#options.sink,
      maxRequestBytes: this.#options.maxRequestBytes ?? DEFAULT_MAX_REQUEST_BYTES,
      readTimeoutMillis: this.#options.requestTimeoutMillis ?? 60_000,
      onOpen: () => {
        this.#openCalls++;
      },
      onClose: () => {
        this.#openCalls--;
        if (this.#openCalls === 0) this.#onQuiet();
      },
      onRefused: (code) => this.#metrics.answered("otlp_grpc", code),
    };
  }
}

function createGrpcServer(options: OtlpGrpcReceiverOptions, interceptor: ServerInterceptor): Server {
  const maxRequestBytes = options.maxRequestBytes ?? DEFAULT_MAX_REQUEST_BYTES;
  return new Server({
    interceptors: [interceptor],
    "grpc.max_receive_message_length": maxRequestBytes,
    "grpc.max_concurrent_streams": options.maxConcurrentStreams ?? 1_000,
    "grpc.keepalive_time_ms": options.keepaliveTimeMillis ?? 60_000,
    "grpc.keepalive_timeout_ms": options.keepaliveTimeoutMillis ?? 20_000,
    // Without its channelz bookkeeping grpc-js 1.14 knows no sessions, and forceShutdown would close none.
    "grpc.enable_channelz": 1,
  });
}

function ingestRequest({ payload, gzipPayload }: AdmittedMessage): IngestRequest {
  return gzipPayload === undefined
    ? { payload, transport: "otlp_grpc" }
    : { payload, gzipPayload, transport: "otlp_grpc" };
}
