/** Remote sampling over gRPC: `jaeger.api_v2.SamplingManager`, on a server of grpc-js that listens nowhere. */

import type { MethodDefinition, Server, ServiceDefinition } from "@grpc/grpc-js";
import { ProtobufReader, WireType } from "../base/protobuf-reader.ts";
import { ProtobufWriter } from "../base/protobuf-writer.ts";
import type { SamplingStrategy } from "./strategy.ts";
import type { StrategySource } from "./strategy-source.ts";

/** Begins the path of every call. */
export const SAMPLING_PATH_START = "/jaeger.api_v2.SamplingManager/";

/** A name of a service is all that is asked with. */
const MAX_QUESTION_BYTES = 64 * 1024;
const SERVICE_NAME_TAG = (1 << 3) | WireType.LENGTH;

/** Field numbers of `SamplingStrategyResponse`, and of what is in it. */
const RESPONSE = Object.freeze({ strategyType: 1, probabilistic: 2, rateLimiting: 3, operations: 4 });
const OPERATIONS = Object.freeze({ defaultProbability: 1, perOperation: 3 });
const OPERATION = Object.freeze({ operation: 1, probabilistic: 2 });
/** `samplingRate` and `maxTracesPerSecond`. */
const ONLY_FIELD = 1;
const RATE_LIMITING = 1;

/** Makes the server; grpc-js is loaded only now. */
export async function createSamplingServer(source: StrategySource): Promise<Server> {
  const { Server } = await import("@grpc/grpc-js");
  const server = new Server({
    "grpc.max_receive_message_length": MAX_QUESTION_BYTES,
    "grpc.enable_channelz": 0,
  });
  const method: MethodDefinition<string, SamplingStrategy> = {
    path: `${SAMPLING_PATH_START}GetSamplingStrategy`,
    requestStream: false,
    responseStream: false,
    requestSerialize: (service) => Buffer.from(service),
    requestDeserialize: serviceNameFrom,
    responseSerialize: (strategy) => Buffer.from(strategyBytes(strategy)),
    responseDeserialize: () => {
      throw new Error("a server reads no answers");
    },
  };
  const service: ServiceDefinition = { GetSamplingStrategy: method };
  server.addService(service, {
    GetSamplingStrategy: (
      call: { readonly request: string },
      answer: (error: null, strategy: SamplingStrategy) => void,
    ) => answer(null, source.strategyOf(call.request)),
  });
  return server;
}

/** `SamplingStrategyParameters.serviceName`. */
function serviceNameFrom(bytes: Uint8Array): string {
  const reader = new ProtobufReader(bytes);
  let name = "";
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === SERVICE_NAME_TAG) name = reader.text();
    else reader.skip(tag);
  }
  return name;
}

/** A strategy as `SamplingStrategyResponse`. */
function strategyBytes(strategy: SamplingStrategy): Uint8Array {
  const writer = new ProtobufWriter();
  if (strategy.strategyType === "PROBABILISTIC") {
    writeRate(writer, RESPONSE.probabilistic, strategy.probabilisticSampling.samplingRate);
  } else {
    writer.uint32(RESPONSE.strategyType, RATE_LIMITING);
    const mark = writer.begin(RESPONSE.rateLimiting);
    writer.uint32(ONLY_FIELD, strategy.rateLimitingSampling.maxTracesPerSecond);
    writer.end(mark);
  }
  const { operationSampling } = strategy;
  if (operationSampling === undefined) return writer.finish();
  const mark = writer.begin(RESPONSE.operations);
  writer.double(OPERATIONS.defaultProbability, operationSampling.defaultSamplingProbability);
  for (const { operation, probabilisticSampling } of operationSampling.perOperationStrategies) {
    const each = writer.begin(OPERATIONS.perOperation);
    writer.text(OPERATION.operation, operation);
    writeRate(writer, OPERATION.probabilistic, probabilisticSampling.samplingRate);
    writer.end(each);
  }
  writer.end(mark);
  return writer.finish();
}

function writeRate(writer: ProtobufWriter, field: number, samplingRate: number): void {
  const mark = writer.begin(field);
  writer.double(ONLY_FIELD, samplingRate);
  writer.end(mark);
}
