/** OTLP/JSON out, straight from the protobuf bytes of rows. */

import { hexFromBytes } from "../../base/bytes.ts";
import { ProtobufReader } from "../../base/protobuf-reader.ts";
import type { OtlpField, OtlpMessageName } from "../../batch/otlp-schema.ts";
import { isOtlpMessage, OTLP_SCHEMA } from "../../batch/otlp-schema.ts";
import type { SpanRow } from "../../batch/span-batch.ts";
import { SPAN_KIND_BY_NUMBER } from "../../model/span-kind.ts";
import { SPAN_STATUS_BY_NUMBER } from "../../model/span-status.ts";
import { wireTypeOf } from "../otlp-protobuf/message-check.ts";
import { groupRows } from "../row-groups.ts";
import { base64FromBytes } from "./base64.ts";

/**
 * How the JSON is written: `otlp` as OTLP says it (ids as hex, enums as numbers), `proto3` as protobuf itself does (ids
 * as base64, enums by name), which is what clients of Tempo read.
 */
export type TraceJsonStyle = "otlp" | "proto3";

/** Names of `Span.kind` and `Status.code` by number. */
const ENUM_NAMES: Readonly<Partial<Record<OtlpField["type"], readonly string[]>>> = {
  kind: SPAN_KIND_BY_NUMBER.map((kind) => `SPAN_KIND_${kind}`),
  status: SPAN_STATUS_BY_NUMBER.map((status) => `STATUS_CODE_${status}`),
};

/** A message as JSON; keys come from the schema only, so none of them can be `__proto__`. */
type JsonMessage = Record<string, unknown>;

/** Fields of each message by tag (field number and wire type). */
const FIELDS_BY_TAG: ReadonlyMap<string, ReadonlyMap<number, OtlpField>> = new Map(
  Object.entries(OTLP_SCHEMA).map(([name, fields]) => [
    name,
    new Map(fields.map((field) => [(field.number << 3) | wireTypeOf(field.type), field])),
  ]),
);

/**
 * The rows as one `TracesData` object (the same as an `ExportTraceServiceRequest`) in OTLP/JSON: everything that OTLP
 * knows, repeated attribute keys included. Fields with their default value are left out, as protobuf's JSON form asks.
 *
 * @example
 * otlpJsonFromRows(rows); // {"resourceSpans":[{"resource":{...},"scopeSpans":[...]}]}
 */
export function otlpJsonFromRows(rows: Iterable<SpanRow>, style: TraceJsonStyle = "otlp"): string {
  const messageJson = (bytes: Uint8Array, start: number, end: number, name: OtlpMessageName): JsonMessage => {
    const json: JsonMessage = {};
    readMessage(new ProtobufReader(bytes, start, end), { name, style }, json);
    return json;
  };
  const resourceSpans = groupRows(rows).map(({ batch, resource, scopes }) => {
    const { payload, spanStarts, spanEnds } = batch;
    return {
      ...optional("resource", messageJson(payload, resource.start, resource.end, "Resource")),
      scopeSpans: scopes.map(({ scope, rows: scopeRows }) => ({
        ...optional("scope", messageJson(payload, scope.start, scope.end, "Scope")),
        spans: scopeRows.map((row) =>
          messageJson(payload, spanStarts[row] as number, spanEnds[row] as number, "Span"),
        ),
        ...(scope.schemaUrl === "" ? {} : { schemaUrl: scope.schemaUrl }),
      })),
      ...(resource.schemaUrl === "" ? {} : { schemaUrl: resource.schemaUrl }),
    };
  });
  return JSON.stringify({ resourceSpans });
}

function optional(key: string, message: JsonMessage): JsonMessage {
  return Object.keys(message).length === 0 ? {} : { [key]: message };
}

interface MessageForm {
  readonly name: OtlpMessageName;
  readonly style: TraceJsonStyle;
}

/** Adds the fields to what earlier pieces of the same message left in `json`. */
function readMessage(reader: ProtobufReader, { name, style }: MessageForm, json: JsonMessage): void {
  const fields = FIELDS_BY_TAG.get(name) as ReadonlyMap<number, OtlpField>;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    const field = fields.get(tag);
    if (field === undefined) reader.skip(tag);
    else readField(reader, { field, style }, json);
  }
}

interface FieldForm {
  readonly field: OtlpField;
  readonly style: TraceJsonStyle;
}

function readField(reader: ProtobufReader, { field, style }: FieldForm, json: JsonMessage): void {
  const { jsonName, type } = field;
  const before = json[jsonName];
  if (field.oneof) for (const key of Object.keys(json)) delete json[key];
  if (isOtlpMessage(type)) {
    const message = field.repeated || before === undefined ? {} : (before as JsonMessage);
    readMessage(reader.message(), { name: type, style }, message);
    if (!field.repeated) json[jsonName] = message;
    else if (before === undefined) json[jsonName] = [message];
    else (before as JsonMessage[]).push(message);
    return;
  }
  const { value, isDefault } = readScalar(reader, field, style);
  if (!isDefault || field.oneof) json[jsonName] = value;
  else delete json[jsonName];
}

interface JsonScalar {
  readonly value: unknown;
  /** True for proto3's default value of the type. */
  readonly isDefault: boolean;
}

function readScalar(reader: ProtobufReader, field: OtlpField, style: TraceJsonStyle): JsonScalar {
  switch (field.type) {
    case "string":
      return scalar(reader.text(), "");
    case "id":
      return scalar((style === "otlp" ? hexFromBytes : base64FromBytes)(reader.view()), "");
    case "bytes":
      return scalar(base64FromBytes(reader.view()), "");
    case "bool":
      return scalar(reader.bool(), false);
    case "uint32":
      return scalar(reader.uint32(), 0);
    case "int64":
      return scalar(String(reader.int64()), "0");
    case "fixed32":
      return scalar(reader.fixed32(), 0);
    case "fixed64":
      return scalar(String(reader.fixed64()), "0");
    case "double":
      return { value: jsonDouble(reader.double()), isDefault: false };
    default:
      return enumScalar(field, reader.int32(), style);
  }
}

/** A number without a name stays one, in either style. */
function enumScalar({ type }: OtlpField, value: number, style: TraceJsonStyle): JsonScalar {
  const name = style === "otlp" ? undefined : ENUM_NAMES[type]?.[value];
  return { value: name ?? value, isDefault: value === 0 };
}

function scalar(value: unknown, defaultValue: unknown): JsonScalar {
  return { value, isDefault: value === defaultValue };
}

/** JSON has no words for these, and `JSON.stringify` drops the sign of -0; all of them may be strings. */
function jsonDouble(value: number): number | string {
  if (Object.is(value, -0)) return "-0";
  return Number.isFinite(value) ? value : String(value);
}
