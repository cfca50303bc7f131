/**
 * OTLP requests in one comparable form, made independently of our codecs: protobuf is read by protobufjs from the
 * `.proto` files, JSON by JSON.parse. Every field is present, defaults filled in, 64-bit numbers as decimal strings,
 * bytes as hex, lists in their order.
 */

import protobuf from "protobufjs";

export interface CanonicalSpan {
  readonly key: string;
  readonly resource: unknown;
  readonly resourceSchemaUrl: string;
  readonly scope: unknown;
  readonly scopeSchemaUrl: string;
  readonly span: Record<string, unknown>;
}

type Plain = Record<string, unknown>;

const root = new protobuf.Root();
root.resolvePath = (_origin, target) => (target.startsWith("proto/") ? target : `proto/${target}`);

/** The oracle's type of a request. */
export async function loadRequestType(): Promise<protobuf.Type> {
  await root.load("opentelemetry/proto/collector/trace/v1/trace_service.proto", { keepCase: false });
  return root.lookupType("opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest");
}

const list = (value: unknown): Plain[] => (value ?? []) as Plain[];
const text = (value: unknown): string => (value ?? "") as string;
const count = (value: unknown): number => Number(value ?? 0);
const decimal = (value: unknown): string => BigInt(String(value ?? 0)).toString();

interface IdForm {
  /** Ids: bytes in the oracle's object, hex in JSON. */
  id(value: unknown): string;
  /** Byte values: bytes in the oracle's object, base64 in JSON. */
  bytes(value: unknown): string;
}

const ORACLE_FORM: IdForm = {
  id: (value) => Buffer.from((value ?? []) as Uint8Array).toString("hex"),
  bytes: (value) => Buffer.from((value ?? []) as Uint8Array).toString("hex"),
};
const JSON_FORM: IdForm = {
  id: (value) => text(value).toLowerCase(),
  bytes: (value) => Buffer.from(text(value), "base64").toString("hex"),
};

function canonicalValue(value: unknown, form: IdForm): unknown {
  const any = (value ?? {}) as Plain;
  if (any["stringValue"] !== undefined) return { string: any["stringValue"] };
  if (any["boolValue"] !== undefined) return { bool: any["boolValue"] };
  if (any["intValue"] !== undefined) return { int: decimal(any["intValue"]) };
  if (any["doubleValue"] !== undefined) {
    const number = Number(any["doubleValue"]);
    return { double: Object.is(number, -0) ? "-0" : String(number) };
  }
  if (any["bytesValue"] !== undefined) return { bytes: form.bytes(any["bytesValue"]) };
  if (any["arrayValue"] !== undefined) {
    return { array: list((any["arrayValue"] as Plain)["values"]).map((item) => canonicalValue(item, form)) };
  }
  if (any["kvlistValue"] !== undefined) {
    return { kvlist: canonicalAttributes((any["kvlistValue"] as Plain)["values"], form) };
  }
  return { empty: true };
}

function canonicalAttributes(value: unknown, form: IdForm): unknown {
  return list(value).map((item) => [text(item["key"]), canonicalValue(item["value"], form)]);
}

function attributed(value: Plain, form: IdForm) {
  return {
    attributes: canonicalAttributes(value["attributes"], form),
    droppedAttributesCount: count(value["droppedAttributesCount"]),
  };
}

function canonicalSpan(span: Plain, form: IdForm): Record<string, unknown> {
  const status = (span["status"] ?? {}) as Plain;
  const parent = form.id(span["parentSpanId"]);
  return {
    traceId: form.id(span["traceId"]),
    spanId: form.id(span["spanId"]),
    parentSpanId: /^0*$/.test(parent) ? "" : parent,
    traceState: text(span["traceState"]),
    flags: count(span["flags"]),
    name: text(span["name"]),
    kind: count(span["kind"]),
    startTimeUnixNano: decimal(span["startTimeUnixNano"]),
    endTimeUnixNano: decimal(span["endTimeUnixNano"]),
    ...attributed(span, form),
    events: list(span["events"]).map((event) => ({
      timeUnixNano: decimal(event["timeUnixNano"]),
      name: text(event["name"]),
      ...attributed(event, form),
    })),
    droppedEventsCount: count(span["droppedEventsCount"]),
    links: list(span["links"]).map((link) => ({
      traceId: form.id(link["traceId"]),
      spanId: form.id(link["spanId"]),
      traceState: text(link["traceState"]),
      flags: count(link["flags"]),
      ...attributed(link, form),
    })),
    droppedLinksCount: count(span["droppedLinksCount"]),
    status: { code: count(status["code"]), message: text(status["message"]) },
  };
}

function canonicalRequest(request: Plain, form: IdForm): CanonicalSpan[] {
  const spans: CanonicalSpan[] = [];
  for (const resourceSpans of list(request["resourceSpans"])) {
    const resource = (resourceSpans["resource"] ?? {}) as Plain;
    for (const scopeSpans of list(resourceSpans["scopeSpans"])) {
      const scope = (scopeSpans["scope"] ?? {}) as Plain;
      for (const item of list(scopeSpans["spans"])) {
        const span = canonicalSpan(item, form);
        spans.push({
          key: `${span["traceId"]}/${span["spanId"]}`,
          resource: attributed(resource, form),
          resourceSchemaUrl: text(resourceSpans["schemaUrl"]),
          scope: { name: text(scope["name"]), version: text(scope["version"]), ...attributed(scope, form) },
          scopeSchemaUrl: text(scopeSpans["schemaUrl"]),
          span,
        });
      }
    }
  }
  return spans;
}

/** Spans of protobuf bytes, as the oracle reads them. */
export function canonicalFromProtobuf(type: protobuf.Type, payload: Uint8Array): CanonicalSpan[] {
  const object = type.toObject(type.decode(payload), { longs: String, enums: Number });
  return canonicalRequest(object, ORACLE_FORM);
}

/** Spans of an OTLP/JSON object. */
export function canonicalFromJson(request: Plain): CanonicalSpan[] {
  return canonicalRequest(request, JSON_FORM);
}

/** The same request in OTLP/JSON, written from the oracle's object and not by our encoder. */
export function jsonFromProtobuf(type: protobuf.Type, payload: Uint8Array): string {
  const object = type.toObject(type.decode(payload), { longs: String, enums: Number });
  return JSON.stringify(object, function replace(this: Plain, key: string, value: unknown) {
    const original = this[key];
    if (!(original instanceof Uint8Array))
      return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
    return Buffer.from(original).toString(key === "bytesValue" ? "base64" : "hex");
  });
}
