/** Receiver of Jaeger's former agents and collectors: `jaeger.api_v2.CollectorService/PostSpans`. */

import { payloadInSlices } from "../codec/jaeger-model/payload-in-slices.ts";
import { spansFromPostSpans } from "../codec/jaeger-protobuf/decode.ts";
import type { GrpcReceiverProtocol, OtlpGrpcReceiver, OtlpGrpcReceiverOptions } from "./otlp-grpc.ts";
import { createOtlpGrpcReceiver } from "./otlp-grpc.ts";

const JAEGER: GrpcReceiverProtocol = Object.freeze({
  what: "Jaeger spans over gRPC (--jaeger-collector-grpc-port)",
  path: "/jaeger.api_v2.CollectorService/PostSpans",
  transport: "jaeger_grpc",
  payloadOf: (message: Uint8Array, onGrow: (bytes: number) => void) =>
    payloadInSlices(spansFromPostSpans(message), onGrow),
  // `PostSpansResponse` has no members: spans that were refused are counted and logged here only.
  response: () => new Uint8Array(0),
});

/**
 * Makes the receiver; nothing listens before `start`. A call is answered once its spans are durable.
 *
 * @example
 * const receiver = createJaegerGrpcReceiver({ sink: pipeline, port: 0 });
 * await receiver.start();
 * console.log(receiver.address().port);
 */
export function createJaegerGrpcReceiver(
  options: Omit<OtlpGrpcReceiverOptions, "protocol">,
): OtlpGrpcReceiver {
  return createOtlpGrpcReceiver({ port: 14_250, ...options, protocol: JAEGER });
}
