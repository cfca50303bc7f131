/** OTLP protobuf requests in, columns out. */

import { TracAggError } from "../../base/errors.ts";
import { MAX_ATTRIBUTE_DEPTH } from "../../base/limits.ts";
import { ProtobufError } from "../../base/protobuf-reader.ts";
import { ByteDictionary } from "../../batch/byte-dictionary.ts";
import type { SpanBatch } from "../../batch/span-batch.ts";
import { fieldPathAt } from "./field-path.ts";
import { normalisedRequest } from "./normalised-request.ts";
import { RequestWalk } from "./request-walk.ts";
import { ColumnScratch } from "./span-columns.ts";

/** What came of one request. */
export interface DecodedRequest {
  /**
   * The accepted spans. Its payload is the input itself, except when a sender split a resource or scope into pieces:
   * then it is the same request with the pieces put together.
   */
  readonly batch: SpanBatch;
  readonly acceptedSpans: number;
  readonly rejectedSpans: number;
  /** Field and reason of the first refusals; "" when there were none. */
  readonly errorMessage: string;
}

/** Limits of a decoder. */
export interface OtlpRequestDecoderOptions {
  /** Levels of array and key-value-list values inside one another; default {@link MAX_ATTRIBUTE_DEPTH}. */
  readonly maxDepth?: number;
}

/**
 * Decodes requests one after the other, with one dictionary for the words of many of them.
 *
 * @example
 * const decoder = new OtlpRequestDecoder();
 * const { batch, rejectedSpans } = decoder.decode(body);
 */
export class OtlpRequestDecoder {
  readonly #maxDepth: number;
  readonly #columns: ColumnScratch = new ColumnScratch();
  #dictionary: ByteDictionary = new ByteDictionary();

  constructor(options: OtlpRequestDecoderOptions = {}) {
    this.#maxDepth = options.maxDepth ?? MAX_ATTRIBUTE_DEPTH;
  }

  /**
   * Walks and checks every field of an `ExportTraceServiceRequest`. The batch keeps the payload.
   *
   * Spans whose ids, or link ids, are not ids are refused one by one; malformed bytes refuse the request.
   *
   * @throws TracAggError `invalid_argument` with field path and byte offset when the bytes are malformed.
   */
  decode(payload: Uint8Array): DecodedRequest {
    if (this.#dictionary.isFull) this.#dictionary = new ByteDictionary();
    let walk = this.#walk(payload);
    if (walk.isSplit) walk = this.#walk(normalisedRequest(payload));
    const batch = walk.batch();
    return {
      batch,
      acceptedSpans: batch.rowCount,
      rejectedSpans: walk.refusals.count,
      errorMessage: walk.refusals.message(),
    };
  }

  #walk(payload: Uint8Array): RequestWalk {
    try {
      const walk = new RequestWalk(payload, {
        dictionary: this.#dictionary,
        columns: this.#columns,
        maxDepth: this.#maxDepth,
      });
      walk.run();
      return walk;
    } catch (thrown) {
      if (!(thrown instanceof ProtobufError)) throw thrown;
      const path = fieldPathAt(payload, thrown.offset);
      throw new TracAggError(
        "invalid_argument",
        `${path} at byte ${thrown.offset} of ${payload.length}: ${thrown.reason}`,
        { field: path },
      );
    }
  }
}
