/** Jaeger's query services, as a group of gRPC calls. */

import { TracAggError } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { Queries } from "../../query/queries.ts";
import type { GrpcGroup } from "../grpc-port.ts";

/** What the services work with. */
export interface JaegerGrpcOptions {
  readonly queries: Queries;
  readonly logger: Logger;
}

/** Services on the port of `--jaeger-grpc-port`; grpc-js is loaded with the first call. */
export function jaegerGrpcGroup(_options: JaegerGrpcOptions): GrpcGroup {
  return {
    what: "Jaeger queries",
    pathStarts: [],
    makeServer: () => Promise.reject(new TracAggError("unimplemented", "no service is here")),
    statusOf: ({ meaning }) => meaning.grpcStatus,
    textOf: ({ message }) => message,
  };
}
