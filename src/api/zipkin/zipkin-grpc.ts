/** `zipkin.proto3.SpanService`, as a group of gRPC calls. */

import { TracAggError } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { SpanSink } from "../../ingest/span-sink.ts";
import type { GrpcGroup } from "../grpc-port.ts";

/** What the service works with. */
export interface ZipkinGrpcOptions {
  readonly sink: SpanSink;
  readonly logger: Logger;
}

/** The service on the port of `--zipkin-port`; grpc-js is loaded with the first call. */
export function zipkinGrpcGroup(_options: ZipkinGrpcOptions): GrpcGroup {
  return {
    what: "Zipkin reports",
    pathStarts: [],
    makeServer: () => Promise.reject(new TracAggError("unimplemented", "no service is here")),
    statusOf: ({ meaning }) => meaning.grpcStatus,
    textOf: ({ message }) => message,
  };
}
