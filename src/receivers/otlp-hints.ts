/** What is said to senders who knocked at the wrong door. */

import { TracAggError } from "../base/errors.ts";

/** Full name of the trace service, as health and reflection say it. */
export const TRACE_SERVICE: string = "opentelemetry.proto.collector.trace.v1.TraceService";

/** Path of the export call (contract G1). */
export const TRACE_EXPORT_PATH: string = `/${TRACE_SERVICE}/Export`;

const TRACES_ONLY = "TracAgg stores traces only";

/** Non-retryable, so that senders of other signals stop (contract G14). */
export function otherSignalError(signal: string): TracAggError {
  const variable = `OTEL_${signal.toUpperCase()}_EXPORTER=none`;
  return new TracAggError(
    "unimplemented",
    `${TRACES_ONLY}, not ${signal}; set ${variable} at the sender, or send ${signal} elsewhere`,
  );
}

/** For a gRPC method that is none of ours. */
export function unknownMethodError(path: string): TracAggError {
  const signal = /^\/opentelemetry\.proto\.collector\.(metrics|logs|profiles)\./.exec(path)?.[1];
  if (signal !== undefined) return otherSignalError(signal);
  const shown = JSON.stringify(path.slice(0, 200));
  return new TracAggError(
    "unimplemented",
    `no method is at ${shown}; OTLP traces go to ${TRACE_EXPORT_PATH}`,
  );
}

/** For gRPC clients that reached the HTTP port. */
export const GRPC_ON_HTTP_PORT_HINT: string =
  "this is the OTLP/HTTP port of TracAgg; gRPC is spoken at the OTLP/gRPC port (4317 unless configured otherwise)";

/** For a path of the HTTP port that is none of ours. */
export function unknownPathError(path: string, tracesPath: string): TracAggError {
  const signal = /^\/v1(?:development)?\/(metrics|logs|profiles)\/?$/.exec(path)?.[1];
  if (signal !== undefined) return otherSignalError(signal);
  if (path.startsWith("/opentelemetry.proto.collector.")) {
    return new TracAggError("unimplemented", GRPC_ON_HTTP_PORT_HINT);
  }
  const shown = JSON.stringify(path.slice(0, 200));
  const hint = `OTLP/HTTP traces go to POST ${tracesPath}; the API and the pages of TracAgg are at another port`;
  return new TracAggError("not_found", `nothing is at ${shown}; ${hint} (16686 unless configured otherwise)`);
}
