/** The gRPC services around the export call: other signals, health, reflection. */

import { join } from "node:path";
import type { Server, ServiceDefinition } from "@grpc/grpc-js";
import { load } from "@grpc/proto-loader";
import { ReflectionService } from "@grpc/reflection";
import { HealthImplementation } from "grpc-health-check";
import type { TracAggError } from "../base/errors.ts";
import { packageFolder } from "../io/package-folder.ts";
import { otherSignalError } from "./otlp-hints.ts";

/** Full name of the trace service, as health and reflection say it. */
export const TRACE_SERVICE: string = "opentelemetry.proto.collector.trace.v1.TraceService";

/** Path of the export call (contract G1). */
export const TRACE_EXPORT_PATH: string = `/${TRACE_SERVICE}/Export`;

const OTHER_SIGNALS: Readonly<Record<string, string>> = Object.freeze({
  "opentelemetry.proto.collector.metrics.v1.MetricsService": "metrics",
  "opentelemetry.proto.collector.logs.v1.LogsService": "logs",
  "opentelemetry.proto.collector.profiles.v1development.ProfilesService": "profiles",
});

const TRACE_SERVICE_PROTO = "opentelemetry/proto/collector/trace/v1/trace_service.proto";

/** A service with one unary method `Export` whose messages stay bytes. */
export function exportService(serviceName: string): ServiceDefinition {
  const bytes = (value: Buffer): Buffer => value;
  return {
    Export: {
      path: `/${serviceName}/Export`,
      requestStream: false,
      responseStream: false,
      requestSerialize: bytes,
      requestDeserialize: bytes,
      responseSerialize: bytes,
      responseDeserialize: bytes,
    },
  };
}

/** Calls that are refused for their path alone, with what is said to them. */
export function otherSignalErrors(): ReadonlyMap<string, TracAggError> {
  return new Map(
    Object.entries(OTHER_SIGNALS).map(([service, signal]) => [
      `/${service}/Export`,
      otherSignalError(signal),
    ]),
  );
}

/** Registers the services of {@link otherSignalErrors}, so that their calls reach the interceptor that refuses them. */
export function addOtherSignals(server: Server): void {
  for (const service of Object.keys(OTHER_SIGNALS)) {
    server.addService(exportService(service), { Export: () => {} });
  }
}

/** Health of the whole server ("") and of the trace service (https://grpc.io/docs/guides/health-checking/). */
export function createHealth(server: Server): { setServing(isServing: boolean): void } {
  const health = new HealthImplementation({ "": "SERVING", [TRACE_SERVICE]: "SERVING" });
  health.addToServer(server);
  return {
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
export async function addReflection(server: Server): Promise<boolean> {
  const folder = packageFolder(import.meta.url, "proto");
  if (folder === undefined) return false;
  const definition = await load(join(folder, TRACE_SERVICE_PROTO), { includeDirs: [folder], keepCase: true });
  new ReflectionService(definition, { services: [TRACE_SERVICE] }).addToServer(server);
  return true;
}
