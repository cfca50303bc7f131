/** The spans of a corpus, decoded. */

import { spanFromRow } from "../../src/batch/span-from-row.ts";
import { OtlpRequestDecoder } from "../../src/codec/otlp-protobuf/request-decoder.ts";
import type { Span } from "../../src/model/span.ts";
import { corpusPayloads } from "../corpus.ts";

/** Every span of a recording, or of the generated corpus. */
export function corpusSpans(folder?: string): Span[] {
  const decoder = new OtlpRequestDecoder();
  return corpusPayloads(folder).flatMap((payload) => {
    const { batch } = decoder.decode(payload);
    return Array.from({ length: batch.rowCount }, (_, row) => spanFromRow({ batch, row }));
  });
}
