/** `zipkin.proto3.SpanService`, as a group of gRPC calls. */

import type { ServerUnaryCall, ServiceDefinition, sendUnaryData } from "@grpc/grpc-js";
import { errorFrom } from "../../base/errors.ts";
import type { GrpcGroup } from "../grpc-port.ts";
import type { ZipkinIngest } from "./ingest.ts";

const SERVICE = "zipkin.proto3.SpanService";
const METHOD_PATH = `/${SERVICE}/Report`;
/** Clients bound all headers at 8 KiB. */
const MAX_DETAILS_LENGTH = 1_024;

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
export function zipkinGrpcGroup(ingest: ZipkinIngest): GrpcGroup {
  return {
    what: "Zipkin reports",
    pathStarts: [`/${SERVICE}/`],
    // Each may wait for the disk; what is in flight is bounded by its bytes besides.
    maxOpenCalls: 1_000,
    makeServer: async () => {
      const { Server } = await import("@grpc/grpc-js");
      const server = new Server({
        "grpc.max_receive_message_length": ingest.maxRequestBytes,
        "grpc.enable_channelz": 0,
      });
      server.addService(DEFINITION, {
        Report: (call: ServerUnaryCall<Buffer, object>, answer: sendUnaryData<object>) => {
          ingest.takeMessage(call.request).then(
            () => answer(null, {}),
            (thrown: unknown) => {
              const { meaning, message } = errorFrom(thrown);
              answer({ code: meaning.grpcStatus, details: message.slice(0, MAX_DETAILS_LENGTH) });
            },
          );
        },
      });
      return server;
    },
    statusOf: ({ meaning }) => meaning.grpcStatus,
    textOf: ({ message }) => message,
  };
}
