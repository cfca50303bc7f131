/** The gRPC services beside the export call: health and reflection, on a server of grpc-js that listens nowhere. */

import { join } from "node:path";
import { Server } from "@grpc/grpc-js";
import { load } from "@grpc/proto-loader";
import { ReflectionService } from "@grpc/reflection";
import { HealthImplementation } from "grpc-health-check";
import { packageFolder } from "../io/package-folder.ts";
import { TRACE_SERVICE } from "./otlp-hints.ts";

const TRACE_SERVICE_PROTO = "opentelemetry/proto/collector/trace/v1/trace_service.proto";

/** Names of services and symbols: all that health and reflection are asked with. */
const MAX_QUESTION_BYTES = 64 * 1024;

/** Services that are asked seldom, so that grpc-js may answer them. */
export interface GrpcServices {
  readonly server: Server;
  /** What the health of the whole server ("") and of the trace service is. */
  setServing(isServing: boolean): void;
}

/** Makes the server with health (https://grpc.io/docs/guides/health-checking/): SERVING. */
export function createGrpcServices(): GrpcServices {
  const server = new Server({
    "grpc.max_receive_message_length": MAX_QUESTION_BYTES,
    "grpc.enable_channelz": 0,
  });
  const health = new HealthImplementation({ "": "SERVING", [TRACE_SERVICE]: "SERVING" });
  health.addToServer(server);
  return {
    server,
    setServing: (isServing) => {
      for (const name of ["", TRACE_SERVICE]) health.setStatus(name, isServing ? "SERVING" : "NOT_SERVING");
    },
  };
}

/**
 * Adds server reflection, so that grpcurl and its like can list and call the trace service.
 *
 * @returns false when the package was installed without its proto folder
 */
export async function addReflection({ server }: GrpcServices): Promise<boolean> {
  const folder = packageFolder(import.meta.url, "proto");
  if (folder === undefined) return false;
  const definition = await load(join(folder, TRACE_SERVICE_PROTO), { includeDirs: [folder], keepCase: true });
  new ReflectionService(definition, { services: [TRACE_SERVICE] }).addToServer(server);
  return true;
}
