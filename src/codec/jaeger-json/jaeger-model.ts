/** The JSON shapes of Jaeger's UI and legacy query API. Member order is the order they are written in. */

/** A typed tag. `int64` values beyond 2^53 - 1 are decimal strings, `binary` is base64. */
export interface JaegerKeyValue {
  readonly key: string;
  readonly type: "string" | "bool" | "int64" | "float64" | "binary";
  readonly value: string | number | boolean;
}

/** A pointer to another span. */
export interface JaegerReference {
  readonly refType: "CHILD_OF" | "FOLLOWS_FROM";
  readonly traceID: string;
  readonly spanID: string;
}

/** An event; `timestamp` in microseconds. */
export interface JaegerLog {
  readonly timestamp: number;
  readonly fields: readonly JaegerKeyValue[];
}

/** A span; times in microseconds. */
export interface JaegerSpan {
  readonly traceID: string;
  readonly spanID: string;
  readonly operationName: string;
  readonly references: readonly JaegerReference[];
  readonly startTime: number;
  readonly duration: number;
  readonly tags: readonly JaegerKeyValue[];
  readonly logs: readonly JaegerLog[];
  readonly processID: string;
  readonly warnings: readonly string[] | null;
}

/** The sender of spans: service name and resource attributes. */
export interface JaegerProcess {
  readonly serviceName: string;
  readonly tags: readonly JaegerKeyValue[];
}

/** One trace. */
export interface JaegerTrace {
  readonly traceID: string;
  readonly spans: readonly JaegerSpan[];
  readonly processes: Readonly<Record<string, JaegerProcess>>;
  readonly warnings: readonly string[] | null;
}

/** The envelope of every answer. */
export interface JaegerEnvelope {
  readonly data: readonly JaegerTrace[];
  readonly total: number;
  readonly limit: number;
  readonly offset: number;
  readonly errors: null;
}

/** Service name Jaeger shows for a resource without any attribute. */
export const NO_RESOURCE_SERVICE = "OTLPResourceNoServiceName";

/** Service name Jaeger shows for a resource that has attributes but no `service.name`. */
export const MISSING_SERVICE = "missing-service-name";
