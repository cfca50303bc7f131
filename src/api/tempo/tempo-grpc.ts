/** Streamed queries of the Tempo API, as a group of gRPC calls. */

import type { GrpcGroup } from "../grpc-port.ts";
import type { StreamingOptions } from "./streaming-service.ts";
import { tempoGrpcStatus } from "./tempo-error.ts";

/** `tempopb.StreamingQuerier`; grpc-js is loaded with the first call. */
export function tempoGrpcGroup(options: StreamingOptions): GrpcGroup {
  return {
    what: "streamed queries",
    pathStarts: ["/tempopb.StreamingQuerier/"],
    makeServer: async () => {
      const { createStreamingServer } = await import("./streaming-service.ts");
      return await createStreamingServer(options);
    },
    statusOf: tempoGrpcStatus,
  };
}
