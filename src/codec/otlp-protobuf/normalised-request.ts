/** Puts the pieces of split messages together, so that byte ranges can describe them. */

import { ProtobufReader, WireType } from "../../base/protobuf-reader.ts";
import { ProtobufWriter } from "../../base/protobuf-writer.ts";
import { OtlpFieldNumber } from "../../batch/otlp-schema.ts";

const { resourceSpans } = OtlpFieldNumber.Request;
const { resource, scopeSpans, instrumentationLibrarySpans } = OtlpFieldNumber.ResourceSpans;
const { scope } = OtlpFieldNumber.ScopeSpans;

/** Writes a message's fields anew. */
type Rewrite = (reader: ProtobufReader, writer: ProtobufWriter) => void;

/**
 * The same request, each resource and each scope in one piece: encodings of one message put end to end are the
 * encoding of their merge (protobuf encoding, "Last One Wins"). Everything else stays byte for byte, in order.
 *
 * @param payload - a well-formed request.
 */
export function normalisedRequest(payload: Uint8Array): Uint8Array {
  const writer = new ProtobufWriter(payload.length + 64);
  const inResourceSpans: Rewrite = (reader, target) => {
    const scopes = { [scopeSpans]: joinScope, [instrumentationLibrarySpans]: joinScope };
    joinPieces(reader, target, resource, scopes);
  };
  joinPieces(new ProtobufReader(payload), writer, undefined, { [resourceSpans]: inResourceSpans });
  return writer.finish();
}

function joinScope(reader: ProtobufReader, writer: ProtobufWriter): void {
  joinPieces(reader, writer, scope, {});
}

/** Copies all fields; those of `joined` become one, those of `inner` are rewritten. */
function joinPieces(
  reader: ProtobufReader,
  writer: ProtobufWriter,
  joined: number | undefined,
  inner: Readonly<Record<number, Rewrite>>,
): void {
  const pieces: Uint8Array[] = [];
  while (reader.position < reader.end) {
    const tagStart = reader.position;
    const tag = reader.tag();
    const field = tag >>> 3;
    const rewrite = (tag & 7) === WireType.LENGTH ? inner[field] : undefined;
    if (field === joined) {
      pieces.push(reader.view());
    } else if (rewrite !== undefined) {
      const mark = writer.begin(field);
      rewrite(reader.message(), writer);
      writer.end(mark);
    } else {
      reader.skip(tag);
      writer.raw(reader.bytes, tagStart, reader.position);
    }
  }
  if (joined === undefined || pieces.length === 0) return;
  const mark = writer.begin(joined);
  for (const piece of pieces) writer.raw(piece);
  writer.end(mark);
}
