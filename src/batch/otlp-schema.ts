/**
 * The OTLP trace messages as a table: the one place that knows field numbers, names and types (opentelemetry-proto
 * 1.11: `common.proto`, `resource.proto`, `trace.proto`, `trace_service.proto`).
 */

/**
 * How a field is written. `id` is `bytes` that OTLP/JSON shows as hex; `kind` and `status` are enums.
 */
export type OtlpFieldType =
  | "string"
  | "bytes"
  | "id"
  | "bool"
  | "uint32"
  | "int64"
  | "kind"
  | "status"
  | "double"
  | "fixed32"
  | "fixed64"
  | OtlpMessageName;

/** The messages of a trace request. */
export type OtlpMessageName =
  | "Request"
  | "ResourceSpans"
  | "ScopeSpans"
  | "Resource"
  | "Scope"
  | "Span"
  | "Event"
  | "Link"
  | "Status"
  | "KeyValue"
  | "AnyValue"
  | "ArrayValue"
  | "KeyValueList";

/** One field of a message. */
export interface OtlpField {
  readonly number: number;
  /** As in the `.proto` files. */
  readonly name: string;
  /** lowerCamelCase, as in OTLP/JSON. */
  readonly jsonName: string;
  readonly type: OtlpFieldType;
  readonly repeated: boolean;
  /** True for the members of `AnyValue`'s oneof: the last one sent holds, and default values count. */
  readonly oneof: boolean;
}

/** Field numbers, for code that reads or writes a message by hand. */
export const OtlpFieldNumber = {
  Request: { resourceSpans: 1 },
  ResourceSpans: { resource: 1, scopeSpans: 2, schemaUrl: 3, instrumentationLibrarySpans: 1000 },
  ScopeSpans: { scope: 1, spans: 2, schemaUrl: 3 },
  Resource: { attributes: 1, droppedAttributesCount: 2 },
  Scope: { name: 1, version: 2, attributes: 3, droppedAttributesCount: 4 },
  Span: {
    traceId: 1,
    spanId: 2,
    traceState: 3,
    parentSpanId: 4,
    name: 5,
    kind: 6,
    startTimeUnixNano: 7,
    endTimeUnixNano: 8,
    attributes: 9,
    droppedAttributesCount: 10,
    events: 11,
    droppedEventsCount: 12,
    links: 13,
    droppedLinksCount: 14,
    status: 15,
    flags: 16,
  },
  Event: { timeUnixNano: 1, name: 2, attributes: 3, droppedAttributesCount: 4 },
  Link: { traceId: 1, spanId: 2, traceState: 3, attributes: 4, droppedAttributesCount: 5, flags: 6 },
  Status: { message: 2, code: 3 },
  KeyValue: { key: 1, value: 2 },
  AnyValue: {
    stringValue: 1,
    boolValue: 2,
    intValue: 3,
    doubleValue: 4,
    arrayValue: 5,
    kvlistValue: 6,
    bytesValue: 7,
  },
  ArrayValue: { values: 1 },
  KeyValueList: { values: 1 },
} as const;

type Types<M extends OtlpMessageName> = {
  readonly [K in keyof (typeof OtlpFieldNumber)[M]]: OtlpFieldType | readonly [OtlpFieldType];
};

/** Types by field; a type in brackets is repeated. */
const TYPES: { readonly [M in OtlpMessageName]: Types<M> } = {
  Request: { resourceSpans: ["ResourceSpans"] },
  // Field 1000 is what scope_spans was called before OTLP 0.15: another number, the same layout.
  ResourceSpans: {
    resource: "Resource",
    scopeSpans: ["ScopeSpans"],
    schemaUrl: "string",
    instrumentationLibrarySpans: ["ScopeSpans"],
  },
  ScopeSpans: { scope: "Scope", spans: ["Span"], schemaUrl: "string" },
  Resource: { attributes: ["KeyValue"], droppedAttributesCount: "uint32" },
  Scope: { name: "string", version: "string", attributes: ["KeyValue"], droppedAttributesCount: "uint32" },
  Span: {
    traceId: "id",
    spanId: "id",
    traceState: "string",
    parentSpanId: "id",
    name: "string",
    kind: "kind",
    startTimeUnixNano: "fixed64",
    endTimeUnixNano: "fixed64",
    attributes: ["KeyValue"],
    droppedAttributesCount: "uint32",
    events: ["Event"],
    droppedEventsCount: "uint32",
    links: ["Link"],
    droppedLinksCount: "uint32",
    status: "Status",
    flags: "fixed32",
  },
  Event: {
    timeUnixNano: "fixed64",
    name: "string",
    attributes: ["KeyValue"],
    droppedAttributesCount: "uint32",
  },
  Link: {
    traceId: "id",
    spanId: "id",
    traceState: "string",
    attributes: ["KeyValue"],
    droppedAttributesCount: "uint32",
    flags: "fixed32",
  },
  Status: { message: "string", code: "status" },
  KeyValue: { key: "string", value: "AnyValue" },
  AnyValue: {
    stringValue: "string",
    boolValue: "bool",
    intValue: "int64",
    doubleValue: "double",
    arrayValue: "ArrayValue",
    kvlistValue: "KeyValueList",
    bytesValue: "bytes",
  },
  ArrayValue: { values: ["AnyValue"] },
  KeyValueList: { values: ["KeyValue"] },
};

/** The fields of every message, in the order of their numbers. */
export const OTLP_SCHEMA: { readonly [M in OtlpMessageName]: readonly OtlpField[] } = Object.freeze(
  Object.fromEntries(Object.keys(TYPES).map((name) => [name, fieldsOf(name as OtlpMessageName)])) as {
    [M in OtlpMessageName]: readonly OtlpField[];
  },
);

/** True when a field holds a message. */
export function isOtlpMessage(type: OtlpFieldType): type is OtlpMessageName {
  return Object.hasOwn(TYPES, type);
}

function fieldsOf(message: OtlpMessageName): readonly OtlpField[] {
  const types = TYPES[message] as Readonly<Record<string, OtlpFieldType | readonly [OtlpFieldType]>>;
  const numbers = OtlpFieldNumber[message] as Readonly<Record<string, number>>;
  return Object.entries(types).map(([jsonName, type]) => ({
    number: numbers[jsonName] as number,
    name: jsonName.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    jsonName,
    type: typeof type === "string" ? type : type[0],
    repeated: typeof type !== "string",
    oneof: message === "AnyValue",
  }));
}
