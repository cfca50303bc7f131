/** A Thrift `Batch` of Jaeger's former clients (jaeger.thrift, binary protocol) to TracAgg's model. */

import { TracAggError } from "../../base/errors.ts";
import type { AttributeValue } from "../../model/attribute-value.ts";
import type { Resource, Span } from "../../model/span.ts";
import type { JaegerReferenceParts, JaegerSpanParts, JaegerTags } from "../jaeger-model/span-from-jaeger.ts";
import { resourceFromJaegerProcess, spanFromJaeger } from "../jaeger-model/span-from-jaeger.ts";
import { ThriftReader, ThriftType } from "../thrift/thrift-reader.ts";

const NANOS_PER_MICRO = 1_000n;

/** Number of `CHILD_OF` in `SpanRefType`. */
const CHILD_OF = 0;

/**
 * The spans of a `Batch`, made one after the other as they are asked for, so that a large batch never lies in memory as
 * objects. Ids of zero are passed on: whoever takes the spans refuses them one by one.
 *
 * @throws TracAggError `invalid_argument` with the byte or the field at fault, before the first span when it is the
 *   batch itself.
 */
export function* spansFromJaegerThrift(bytes: Uint8Array): Generator<Span, void> {
  const { resource, listAt } = batchOutline(bytes);
  const reader = new ThriftReader(bytes, listAt);
  const size = structs(reader, "spans");
  for (let index = 0; index < size; index++) {
    yield spanFromJaeger(readSpan(reader, resource, `spans[${index}]`));
  }
}

/** The process, which may stand behind the spans, and where their list begins. */
function batchOutline(bytes: Uint8Array): { readonly resource: Resource; readonly listAt: number } {
  const reader = new ThriftReader(bytes);
  let resource: Resource | undefined;
  let listAt: number | undefined;
  while (reader.nextField()) {
    if (reader.isField(1, ThriftType.STRUCT)) resource = readProcess(reader);
    else {
      if (reader.isField(2, ThriftType.LIST)) listAt = reader.position;
      reader.skip(reader.fieldType);
    }
  }
  if (resource === undefined) throw missing("process", "a struct");
  if (listAt === undefined) throw missing("spans", "a list");
  return { resource, listAt };
}

function readProcess(reader: ThriftReader): Resource {
  let serviceName: string | undefined;
  let tags: JaegerTags = new Map();
  while (reader.nextField()) {
    if (reader.isField(1, ThriftType.STRING)) serviceName = reader.text();
    else if (reader.isField(2, ThriftType.LIST)) tags = readTags(reader, "process.tags");
    else reader.skip(reader.fieldType);
  }
  if (serviceName === undefined) throw missing("process.serviceName", "a string");
  return resourceFromJaegerProcess(serviceName, tags);
}

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

/** What is being read of a span; numbers that have not come yet are undefined. */
interface SpanFields {
  readonly numbers: Map<number, bigint>;
  flags: number | undefined;
  operationName: string | undefined;
  references: JaegerReferenceParts[];
  tags: JaegerTags;
  logs: Mutable<JaegerSpanParts["logs"][number]>[];
}

/** Fields of `Span` that are `i64`, all of them required. */
const SPAN_NUMBERS: ReadonlyMap<number, string> = new Map([
  [1, "traceIdLow"],
  [2, "traceIdHigh"],
  [3, "spanId"],
  [4, "parentSpanId"],
  [8, "startTime"],
  [9, "duration"],
]);

function readSpan(reader: ThriftReader, resource: Resource, path: string): JaegerSpanParts {
  const fields: SpanFields = {
    numbers: new Map(),
    flags: undefined,
    operationName: undefined,
    references: [],
    tags: new Map(),
    logs: [],
  };
  while (reader.nextField()) readSpanField(reader, fields, path);
  const numberOf = (id: number): bigint => {
    const value = fields.numbers.get(id);
    if (value === undefined) throw missing(`${path}.${SPAN_NUMBERS.get(id)}`, "an i64");
    return value;
  };
  if (fields.operationName === undefined) throw missing(`${path}.operationName`, "a string");
  if (fields.flags === undefined) throw missing(`${path}.flags`, "an i32");
  return {
    traceId: traceIdOf(numberOf(2), numberOf(1)),
    spanId: hexOf(numberOf(3)),
    parentSpanId: hexOf(numberOf(4)),
    operationName: fields.operationName,
    references: fields.references,
    flags: fields.flags,
    startTimeUnixNano: numberOf(8) * NANOS_PER_MICRO,
    durationNanos: numberOf(9) * NANOS_PER_MICRO,
    tags: fields.tags,
    logs: fields.logs,
    warnings: [],
    resource,
  };
}

function readSpanField(reader: ThriftReader, fields: SpanFields, path: string): void {
  const { fieldId, fieldType } = reader;
  if (fieldType === ThriftType.I64 && SPAN_NUMBERS.has(fieldId)) fields.numbers.set(fieldId, reader.i64());
  else if (reader.isField(5, ThriftType.STRING)) fields.operationName = reader.text();
  else if (reader.isField(6, ThriftType.LIST)) fields.references = readReferences(reader, path);
  else if (reader.isField(7, ThriftType.I32)) fields.flags = reader.i32();
  else if (reader.isField(10, ThriftType.LIST)) fields.tags = readTags(reader, `${path}.tags`);
  else if (reader.isField(11, ThriftType.LIST)) fields.logs = readLogs(reader, path);
  else reader.skip(fieldType);
}

function readReferences(reader: ThriftReader, path: string): JaegerReferenceParts[] {
  const size = structs(reader, `${path}.references`);
  const references: JaegerReferenceParts[] = [];
  for (let index = 0; index < size; index++) {
    let isChildOf = true;
    const numbers = new Map<number, bigint>();
    while (reader.nextField()) {
      const { fieldId, fieldType } = reader;
      if (reader.isField(1, ThriftType.I32)) isChildOf = reader.i32() === CHILD_OF;
      else if (fieldType === ThriftType.I64) numbers.set(fieldId, reader.i64());
      else reader.skip(fieldType);
    }
    references.push({
      isChildOf,
      traceId: traceIdOf(numbers.get(3) ?? 0n, numbers.get(2) ?? 0n),
      spanId: hexOf(numbers.get(4) ?? 0n),
    });
  }
  return references;
}

function readLogs(reader: ThriftReader, path: string): SpanFields["logs"] {
  const size = structs(reader, `${path}.logs`);
  const logs: SpanFields["logs"] = [];
  for (let index = 0; index < size; index++) {
    const log: SpanFields["logs"][number] = { timeUnixNano: 0n, fields: new Map() };
    while (reader.nextField()) {
      if (reader.isField(1, ThriftType.I64)) log.timeUnixNano = reader.i64() * NANOS_PER_MICRO;
      else if (reader.isField(2, ThriftType.LIST)) {
        log.fields = readTags(reader, `${path}.logs[${index}].fields`);
      } else reader.skip(reader.fieldType);
    }
    logs.push(log);
  }
  return logs;
}

function readTags(reader: ThriftReader, path: string): JaegerTags {
  const size = structs(reader, path);
  const tags: JaegerTags = new Map();
  for (let index = 0; index < size; index++) readTag(reader, tags, `${path}[${index}]`);
  return tags;
}

type ReadValue = (reader: ThriftReader) => AttributeValue;

/** How the values of a tag are read and what they are by default, in the order of `TagType`; their fields follow on 3. */
const TAG_VALUES: readonly {
  readonly wire: number;
  readonly read: ReadValue;
  readonly none: AttributeValue;
}[] = [
  { wire: ThriftType.STRING, read: (reader) => reader.text(), none: "" },
  { wire: ThriftType.DOUBLE, read: (reader) => reader.double(), none: 0 },
  { wire: ThriftType.BOOL, read: (reader) => reader.bool(), none: false },
  { wire: ThriftType.I64, read: (reader) => reader.i64(), none: 0n },
  { wire: ThriftType.STRING, read: (reader) => reader.view(), none: new Uint8Array(0) },
];
const FIRST_VALUE_FIELD = 3;

/** A value that the type names and the tag lacks is the default of its type, as in the code that Thrift makes. */
function readTag(reader: ThriftReader, tags: JaegerTags, path: string): void {
  let key: string | undefined;
  let type = 0;
  const values = TAG_VALUES.map(({ none }) => none);
  while (reader.nextField()) {
    const index = reader.fieldId - FIRST_VALUE_FIELD;
    const value = TAG_VALUES[index];
    if (value !== undefined && reader.fieldType === value.wire) values[index] = value.read(reader);
    else if (reader.isField(1, ThriftType.STRING)) key = reader.text();
    else if (reader.isField(2, ThriftType.I32)) type = reader.i32();
    else reader.skip(reader.fieldType);
  }
  if (key === undefined) throw missing(`${path}.key`, "a string");
  tags.set(key, values[type] ?? "");
}

/** The size of a list whose elements are structs. */
function structs(reader: ThriftReader, path: string): number {
  const { elementType, size } = reader.list();
  if (size === 0 || elementType === ThriftType.STRUCT) return size;
  throw reader.fault(`${path}: expected a list of structs, got one of type ${elementType}`);
}

function traceIdOf(high: bigint, low: bigint): string {
  return hexOf(high) + hexOf(low);
}

function hexOf(id: bigint): string {
  return BigInt.asUintN(64, id).toString(16).padStart(16, "0");
}

function missing(path: string, expected: string): TracAggError {
  return new TracAggError("invalid_argument", `${path}: expected ${expected}, got nothing`);
}
