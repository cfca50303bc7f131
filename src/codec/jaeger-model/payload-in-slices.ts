/** OTLP of spans that came from Jaeger's senders, made in slices within the room that was asked for. */

import { TimeSlice } from "../../base/time-slice.ts";
import type { Span } from "../../model/span.ts";
import { encodeSpans } from "../otlp-protobuf/encode-request.ts";

/** Spans that are objects at once: what a usual sender puts into a batch, and some megabytes at most as a rule. */
const SPANS_AT_ONCE = 256;

/**
 * An `ExportTraceServiceRequest` of the spans: requests one after the other are one with the resource spans of all
 * (protobuf, "repeated fields").
 *
 * @param onGrow asked for room before more payload is kept, with the bytes of all so far; throw to refuse
 * @throws whatever making the spans throws, and `onGrow`
 */
export async function payloadInSlices(
  spans: Iterable<Span>,
  onGrow: (bytes: number) => void,
): Promise<Uint8Array> {
  const slice = new TimeSlice();
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for (const some of inPieces(spans)) {
    const piece = encodeSpans(some);
    bytes += piece.length;
    onGrow(bytes);
    pieces.push(piece);
    if (slice.isOver(some.length)) await slice.rest();
  }
  return joined(pieces, bytes);
}

function* inPieces(spans: Iterable<Span>): Generator<readonly Span[], void> {
  let piece: Span[] = [];
  for (const span of spans) {
    piece.push(span);
    if (piece.length < SPANS_AT_ONCE) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
}

function joined(pieces: readonly Uint8Array[], bytes: number): Uint8Array {
  const [first] = pieces;
  if (first !== undefined && pieces.length === 1) return first;
  const all = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
