/** `tempopb.StreamingQuerier`: answers that come in parts, on a server of grpc-js that listens nowhere. */

import { join } from "node:path";
import type { ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import { Server } from "@grpc/grpc-js";
import { load } from "@grpc/proto-loader";
import { TracAggError } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import { packageFolder } from "../../io/package-folder.ts";
import type { Queries } from "../../query/queries.ts";
import type { StreamedCall } from "../grpc-calls.ts";
import { streamedMethod, withReadyStreams } from "../grpc-calls.ts";
import { streamMetricsInstant, streamMetricsRange } from "./metrics-routes.ts";
import { streamSearch } from "./search-stream.ts";
import { streamTags, streamTagValues } from "./tag-routes.ts";
import { tempoGrpcStatus } from "./tempo-error.ts";

/** Name of the service. */
export const STREAMING_SERVICE = "tempopb.StreamingQuerier";
const PROTO_FILE = "tempo/tempo.proto";
/** The longest query and what is beside it. */
const MAX_REQUEST_BYTES = 256 * 1024;

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
  const errors = { logger, statusOf: tempoGrpcStatus };
  const implementation: UntypedServiceImplementation = {};
  for (const [name, method] of Object.entries(methods)) implementation[name] = streamedMethod(method, errors);
  server.addService(withReadyStreams(definition[STREAMING_SERVICE] as ServiceDefinition), implementation);
  return server;
}
