/** How many spans a request holds, without decoding them. */

import { ProtobufReader } from "../../base/protobuf-reader.ts";
import { OtlpFieldNumber } from "../../batch/otlp-schema.ts";

/** Wire type 2: length-delimited. */
const RESOURCE_SPANS_TAG = (OtlpFieldNumber.Request.resourceSpans << 3) | 2;
const SCOPE_SPANS_TAG = (OtlpFieldNumber.ResourceSpans.scopeSpans << 3) | 2;
const SPAN_TAG = (OtlpFieldNumber.ScopeSpans.spans << 3) | 2;

/**
 * Spans of an `ExportTraceServiceRequest`, those with ids that are none included.
 *
 * @throws TracAggError `invalid_argument` when the bytes around the spans are no protobuf; what is in a span is not read.
 */
export function spanCountOf(payload: Uint8Array): number {
  return countIn(new ProtobufReader(payload), [RESOURCE_SPANS_TAG, SCOPE_SPANS_TAG, SPAN_TAG], 0);
}

function countIn(reader: ProtobufReader, path: readonly number[], depth: number): number {
  let count = 0;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag !== path[depth]) reader.skip(tag);
    else if (depth < path.length - 1) count += countIn(reader.message(), path, depth + 1);
    else {
      reader.skip(tag);
      count++;
    }
  }
  return count;
}
