/** Says which field of a request a byte belongs to; used only to explain errors. */

import { ProtobufError, ProtobufReader, WireType } from "../../base/protobuf-reader.ts";
import type { OtlpMessageName } from "../../batch/otlp-schema.ts";
import { isOtlpMessage, OTLP_SCHEMA } from "../../batch/otlp-schema.ts";

/** What {@link fieldAt} found: the field's name with index, and the message to look into next, if the byte lies in it. */
interface FieldAt {
  readonly segment: string;
  readonly inner:
    | { readonly message: OtlpMessageName; readonly start: number; readonly end: number }
    | undefined;
}

/**
 * The path of the innermost field that holds the byte at `offset`, such as
 * `resource_spans[0].scope_spans[1].spans[3].attributes[2]`; "request" when it lies in none.
 */
export function fieldPathAt(payload: Uint8Array, offset: number): string {
  const segments: string[] = [];
  let inner: FieldAt["inner"] = { message: "Request", start: 0, end: payload.length };
  while (inner !== undefined) {
    const found: FieldAt | undefined = fieldAt(payload, inner.message, inner.start, inner.end, offset);
    if (found === undefined) break;
    segments.push(found.segment);
    inner = found.inner;
  }
  return segments.length === 0 ? "request" : segments.join(".");
}

function fieldAt(
  payload: Uint8Array,
  message: OtlpMessageName,
  start: number,
  end: number,
  offset: number,
): FieldAt | undefined {
  const reader = new ProtobufReader(payload, start, end);
  const seen = new Map<number, number>();
  while (reader.position < end) {
    const tag = unlessMalformed(() => reader.tag());
    if (tag === undefined) return undefined;
    const number = tag >>> 3;
    const index = seen.get(number) ?? 0;
    seen.set(number, index + 1);
    const bodyStart = unlessMalformed(() => bodyStartOf(reader, tag));
    if (bodyStart !== undefined && offset >= reader.position) continue;
    const field = OTLP_SCHEMA[message].find((candidate) => candidate.number === number);
    if (field === undefined) return { segment: `(field ${number})`, inner: undefined };
    const segment = field.repeated ? `${field.name}[${index}]` : field.name;
    const isInside = bodyStart !== undefined && offset >= bodyStart && (tag & 7) === WireType.LENGTH;
    if (!isInside || !isOtlpMessage(field.type)) return { segment, inner: undefined };
    return { segment, inner: { message: field.type, start: bodyStart, end: reader.position } };
  }
  return undefined;
}

/** Moves behind the field and says where its value began. */
function bodyStartOf(reader: ProtobufReader, tag: number): number {
  if ((tag & 7) !== WireType.LENGTH) {
    const start = reader.position;
    reader.skip(tag);
    return start;
  }
  const length = reader.length();
  const start = reader.position;
  reader.position = start + length;
  return start;
}

function unlessMalformed(read: () => number): number | undefined {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof ProtobufError) return undefined;
    throw thrown;
  }
}
