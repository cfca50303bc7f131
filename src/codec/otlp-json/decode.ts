/** OTLP/JSON in: transcoded to protobuf, so that one decoder judges all requests. */

import { ProtobufWriter } from "../../base/protobuf-writer.ts";
import type { OtlpField, OtlpMessageName } from "../../batch/otlp-schema.ts";
import { isOtlpMessage, OTLP_SCHEMA } from "../../batch/otlp-schema.ts";
import { JsonCursor } from "./json-cursor.ts";
import { inField, JsonFault } from "./json-fault.ts";
import { transcodeScalar } from "./scalar-fields.ts";

/** A request in protobuf, made from JSON. */
export interface TranscodedRequest {
  /** `ExportTraceServiceRequest`. */
  readonly payload: Uint8Array;
  /** Keys in snake_case and enum names it held: OTLP/JSON forbids both, TracAgg takes and counts them. */
  readonly lenientNames: number;
}

/** A key that stands for a field. */
interface JsonKey {
  readonly field: OtlpField;
  /** True for keys OTLP/JSON does not allow. */
  readonly isLenient: boolean;
}

/** Keys of each message. */
const KEYS: ReadonlyMap<string, ReadonlyMap<string, JsonKey>> = new Map(
  Object.entries(OTLP_SCHEMA).map(([name, fields]) => [name, keysOf(fields)]),
);

/**
 * Reads an `ExportTraceServiceRequest` in OTLP/JSON.
 *
 * 64-bit numbers are exact, as strings and as bare numbers. `null` means "not sent"; unknown keys are passed over at
 * every level. Ids that are not hex make their spans, not the request, fail in the decoder.
 *
 * @throws TracAggError `invalid_argument` with the field's path and the byte when the body is no JSON, or a value is of
 * the wrong kind.
 */
export function otlpProtobufFromJson(body: Uint8Array): TranscodedRequest {
  const transcoder = new Transcoder(body);
  try {
    return transcoder.run();
  } catch (thrown) {
    if (thrown instanceof JsonFault) throw thrown.toError(body.length);
    throw thrown;
  }
}

/** One body on its way to protobuf. */
class Transcoder {
  readonly #cursor: JsonCursor;
  readonly #writer: ProtobufWriter;
  #lenientNames = 0;

  constructor(body: Uint8Array) {
    this.#cursor = new JsonCursor(body);
    this.#writer = new ProtobufWriter(Math.max(256, body.length >> 1));
  }

  run(): TranscodedRequest {
    this.#message("Request");
    this.#cursor.finish();
    return { payload: this.#writer.finish(), lenientNames: this.#lenientNames };
  }

  #message(name: OtlpMessageName): void {
    const cursor = this.#cursor;
    const keys = KEYS.get(name) as ReadonlyMap<string, JsonKey>;
    cursor.beginObject();
    for (let key = cursor.nextKey(true); key !== undefined; key = cursor.nextKey(false)) {
      const known = keys.get(key);
      if (known === undefined) {
        cursor.skipValue();
        continue;
      }
      if (known.isLenient) this.#lenientNames++;
      if (!cursor.takeNull()) inField(key, () => this.#field(known.field));
    }
  }

  #field(field: OtlpField): void {
    const { type } = field;
    if (!isOtlpMessage(type)) this.#lenientNames += transcodeScalar(this.#cursor, this.#writer, field);
    else if (field.repeated) this.#messages(field, type);
    else this.#embedded(field, type);
  }

  #messages(field: OtlpField, type: OtlpMessageName): void {
    const cursor = this.#cursor;
    cursor.beginArray();
    for (let index = 0; cursor.nextElement(index === 0); index++) {
      inField(index, () => this.#embedded(field, type));
    }
  }

  /** `null` among the elements of an array is an empty message. */
  #embedded(field: OtlpField, type: OtlpMessageName): void {
    const mark = this.#writer.begin(field.number);
    if (!this.#cursor.takeNull()) this.#message(type);
    this.#writer.end(mark);
  }
}

function keysOf(fields: readonly OtlpField[]): ReadonlyMap<string, JsonKey> {
  const keys = new Map<string, JsonKey>();
  for (const field of fields) {
    keys.set(field.name, { field, isLenient: true });
    keys.set(field.jsonName, { field, isLenient: false });
    // What `scope` was called before OTLP 0.15.
    if (field.type === "Scope") keys.set("instrumentationLibrary", { field, isLenient: true });
  }
  return keys;
}
