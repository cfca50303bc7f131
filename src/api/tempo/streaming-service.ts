/** `tempopb.StreamingQuerier`: answers that come in parts, on a server of grpc-js that listens nowhere. */

import { join } from "node:path";
import type {
  MethodDefinition,
  ServerWritableStream,
  ServiceDefinition,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { Metadata, Server } from "@grpc/grpc-js";
import { load } from "@grpc/proto-loader";
import { errorFrom, TracAggError } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import { packageFolder } from "../../io/package-folder.ts";
import type { Queries } from "../../query/queries.ts";
import type { QueryCaller } from "../../query/query-limiter.ts";
import { streamMetricsInstant, streamMetricsRange } from "./metrics-routes.ts";
import { streamSearch } from "./search-stream.ts";
import type { StreamedCall } from "./streamed-call.ts";
import { streamTags, streamTagValues } from "./tag-routes.ts";
import { tempoErrorText, tempoGrpcStatus } from "./tempo-error.ts";

/** Name of the service. */
export const STREAMING_SERVICE = "tempopb.StreamingQuerier";
const PROTO_FILE = "tempo/tempo.proto";
/** The longest query and what is beside it. */
const MAX_REQUEST_BYTES = 256 * 1024;
/** Clients bound all headers at 8 KiB. */
const MAX_DETAILS_LENGTH = 1_024;

/** What the methods work with. */
export interface StreamingOptions {
  readonly queries: Queries;
  readonly logger: Logger;
}

type Method = (call: StreamedCall) => Promise<void>;

/**
 * Makes the server.
 *
 * @throws TracAggError `unimplemented` when the package was installed without its proto folder
 */
export async function createStreamingServer({ queries, logger }: StreamingOptions): Promise<Server> {
  const folder = packageFolder(import.meta.url, "proto");
  if (folder === undefined) {
    throw new TracAggError("unimplemented", "streaming is off: the package lacks its proto folder");
  }
  const definition = await load(join(folder, PROTO_FILE), {
    includeDirs: [folder],
    keepCase: true,
    longs: String,
  });
  const server = new Server({
    "grpc.max_receive_message_length": MAX_REQUEST_BYTES,
    "grpc.enable_channelz": 0,
  });
  const methods: Readonly<Record<string, Method>> = {
    Search: (call) => streamSearch(queries, call),
    SearchTags: (call) => streamTags(queries, call, "v1"),
    SearchTagsV2: (call) => streamTags(queries, call, "v2"),
    SearchTagValues: (call) => streamTagValues(queries, call, "v1"),
    SearchTagValuesV2: (call) => streamTagValues(queries, call, "v2"),
    MetricsQueryRange: (call) => streamMetricsRange(queries, call),
    MetricsQueryInstant: (call) => streamMetricsInstant(queries, call),
  };
  const implementation: UntypedServiceImplementation = {};
  for (const [name, method] of Object.entries(methods)) {
    implementation[name] = (call: ServerWritableStream<object, Uint8Array>) => {
      void answer(call, method, logger);
    };
  }
  server.addService(withReadyMessages(definition[STREAMING_SERVICE] as ServiceDefinition), implementation);
  return server;
}

/** Messages are bytes already: the same that HTTP answers with. */
function withReadyMessages(service: ServiceDefinition): ServiceDefinition {
  const methods = Object.entries(service as Record<string, MethodDefinition<object, object>>);
  return Object.fromEntries(
    methods.map(([name, method]) => [name, { ...method, responseSerialize: bufferOf }]),
  );
}

function bufferOf(message: object): Buffer {
  const { buffer, byteOffset, byteLength } = message as Uint8Array<ArrayBuffer>;
  return Buffer.from(buffer, byteOffset, byteLength);
}

async function answer(
  call: ServerWritableStream<object, Uint8Array>,
  method: Method,
  logger: Logger,
): Promise<void> {
  const left = new AbortController();
  call.on("cancelled", () => left.abort());
  // The client is gone then; there is nobody left to tell.
  call.on("error", () => {});
  const caller: QueryCaller = { signal: left.signal, end: (error) => left.abort(error) };
  try {
    await method({ request: call.request, send: (message) => send(call, message, left.signal), caller });
    call.end();
  } catch (thrown) {
    const error = errorFrom(thrown);
    if (error.code === "internal") logFault(logger, call.getPath(), error);
    call.emit("error", {
      code: tempoGrpcStatus(error),
      details: tempoErrorText(error).slice(0, MAX_DETAILS_LENGTH),
      metadata: new Metadata(),
    });
  } finally {
    left.abort();
  }
}

/** Waits for a slow reader, so that messages do not pile up. */
function send(
  call: ServerWritableStream<object, Uint8Array>,
  message: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted || call.write(message)) return Promise.resolve();
  return new Promise((resolve) => {
    const go = (): void => {
      call.off("drain", go);
      signal.removeEventListener("abort", go);
      resolve();
    };
    call.once("drain", go);
    signal.addEventListener("abort", go, { once: true });
  });
}

function logFault(logger: Logger, method: string, error: TracAggError): void {
  const cause = error.cause instanceof Error ? error.cause : error;
  logger.error("request failed", { method, code: error.code, message: error.message, stack: cause.stack });
}
