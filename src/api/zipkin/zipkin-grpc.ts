/** `zipkin.proto3.SpanService`, as a group of gRPC calls. */

import type { ServiceDefinition } from "@grpc/grpc-js";
import type { Logger } from "../../base/logger.ts";
import type { GrpcGroup } from "../grpc-port.ts";
import type { ZipkinIngest } from "./ingest.ts";

const SERVICE = "zipkin.proto3.SpanService";
const METHOD_PATH = `/${SERVICE}/Report`;

/** Reports go on as the bytes they are; the answer is a message without fields. */
const DEFINITION: ServiceDefinition = {
  Report: {
    path: METHOD_PATH,
    requestStream: false,
    responseStream: false,
    requestSerialize: (message: Buffer) => message,
    requestDeserialize: (bytes: Buffer) => bytes,
    responseSerialize: () => Buffer.alloc(0),
    responseDeserialize: () => ({}),
  },
};

/** The service on the port of `--zipkin-port`; grpc-js is loaded with the first call. */
export function zipkinGrpcGroup(ingest: ZipkinIngest, logger: Logger): GrpcGroup {
  return {
    what: "Zipkin reports",
    pathStarts: [`/${SERVICE}/`],
    // Each may wait for the disk; what is in flight is bounded by its bytes besides.
    maxOpenCalls: 1_000,
    makeServer: async () => {
      const [{ Server }, { unaryMethod }] = await Promise.all([
        import("@grpc/grpc-js"),
        import("../grpc-calls.ts"),
      ]);
      const server = new Server({
        "grpc.max_receive_message_length": ingest.maxRequestBytes,
        "grpc.enable_channelz": 0,
      });
      server.addService(DEFINITION, {
        Report: unaryMethod(
          async ({ request }) => {
            await ingest.takeMessage(request as Buffer);
            return {};
          },
          { logger },
        ),
      });
      return server;
    },
  };
}
