/** Field numbers of `proto/jaeger/api_v2/model.proto`. */

/** Numbers by message and field. */
export const JaegerFieldNumber: {
  readonly KeyValue: Numbers<"key" | "vType" | "vStr" | "vBool" | "vInt64" | "vFloat64" | "vBinary">;
  readonly Log: Numbers<"timestamp" | "fields">;
  readonly SpanRef: Numbers<"traceId" | "spanId" | "refType">;
  readonly Process: Numbers<"serviceName" | "tags">;
  readonly Span: Numbers<SpanField>;
  readonly Batch: Numbers<"spans" | "process">;
  /** Of `google.protobuf.Timestamp` and `Duration` alike. */
  readonly Time: Numbers<"seconds" | "nanos">;
} = Object.freeze({
  KeyValue: { key: 1, vType: 2, vStr: 3, vBool: 4, vInt64: 5, vFloat64: 6, vBinary: 7 },
  Log: { timestamp: 1, fields: 2 },
  SpanRef: { traceId: 1, spanId: 2, refType: 3 },
  Process: { serviceName: 1, tags: 2 },
  Span: {
    traceId: 1,
    spanId: 2,
    operationName: 3,
    references: 4,
    flags: 5,
    startTime: 6,
    duration: 7,
    tags: 8,
    logs: 9,
    process: 10,
    processId: 11,
    warnings: 12,
  },
  Batch: { spans: 1, process: 2 },
  Time: { seconds: 1, nanos: 2 },
});

type Numbers<Field extends string> = Readonly<Record<Field, number>>;
type SpanField =
  | "traceId"
  | "spanId"
  | "operationName"
  | "references"
  | "flags"
  | "startTime"
  | "duration"
  | "tags"
  | "logs"
  | "process"
  | "processId"
  | "warnings";

/** Numbers of `ValueType`. */
export const JaegerValueType: Numbers<"STRING" | "BOOL" | "INT64" | "FLOAT64" | "BINARY"> = Object.freeze({
  STRING: 0,
  BOOL: 1,
  INT64: 2,
  FLOAT64: 3,
  BINARY: 4,
});

/** Numbers of `SpanRefType`. */
export const JaegerRefType: Numbers<"CHILD_OF" | "FOLLOWS_FROM"> = Object.freeze({
  CHILD_OF: 0,
  FOLLOWS_FROM: 1,
});
