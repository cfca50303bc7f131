/** A server of grpc-js, listening nowhere, with Jaeger's query services, health and reflection. */

import { join } from "node:path";
import type { ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import { Server } from "@grpc/grpc-js";
import { load } from "@grpc/proto-loader";
import { ReflectionService } from "@grpc/reflection";
import { HealthImplementation } from "grpc-health-check";
import { TracAggError } from "../../base/errors.ts";
import { packageFolder } from "../../io/package-folder.ts";
import { streamedMethod, unaryMethod, withReadyStreams } from "../grpc-calls.ts";
import { V2_METHODS, V3_METHODS } from "./jaeger-grpc-calls.ts";
import type { JaegerGrpcOptions } from "./jaeger-grpc-names.ts";
import { V2_SERVICE, V3_SERVICE } from "./jaeger-grpc-names.ts";

const PROTO_FILES = ["jaeger/api_v2/query.proto", "jaeger/api_v3/query_service.proto"];
/** The longest filter and what is beside it. */
const MAX_REQUEST_BYTES = 256 * 1024;

/**
 * Makes the server.
 *
 * @throws TracAggError `unimplemented` when the package was installed without its proto folder
 */
export async function createJaegerGrpcServer({ queries, logger }: JaegerGrpcOptions): Promise<Server> {
  const folder = packageFolder(import.meta.url, "proto");
  if (folder === undefined) {
    throw new TracAggError("unimplemented", "Jaeger's queries are off: the package lacks its proto folder");
  }
  const definition = await load(
    PROTO_FILES.map((file) => join(folder, file)),
    { includeDirs: [folder], keepCase: true, longs: String },
  );
  const server = new Server({
    "grpc.max_receive_message_length": MAX_REQUEST_BYTES,
    "grpc.enable_channelz": 0,
  });
  const errors = { logger };
  for (const [name, { streamed, unary }] of [
    [V3_SERVICE, V3_METHODS],
    [V2_SERVICE, V2_METHODS],
  ] as const) {
    const methods: UntypedServiceImplementation = {};
    for (const [method, answer] of Object.entries(streamed)) {
      methods[method] = streamedMethod((call) => answer(queries, call), errors);
    }
    for (const [method, answer] of Object.entries(unary)) {
      methods[method] = unaryMethod((call) => answer(queries, call), errors);
    }
    server.addService(withReadyStreams(definition[name] as ServiceDefinition), methods);
  }
  const serving = { "": "SERVING", [V3_SERVICE]: "SERVING", [V2_SERVICE]: "SERVING" } as const;
  new HealthImplementation(serving).addToServer(server);
  new ReflectionService(definition, { services: [V3_SERVICE, V2_SERVICE] }).addToServer(server);
  return server;
}
