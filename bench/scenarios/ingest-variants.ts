/** The ways to send a load. */

import type { Protocol } from "../load/load-order.ts";

/** Spans a request after merging. */
export const MERGED_SPANS = 500;

/** One way to send. */
export interface IngestVariant {
  readonly name: string;
  readonly protocol: Protocol;
  /** 0: requests as recorded. */
  readonly mergeSpans: number;
  readonly isGzip: boolean;
}

/** Every way to send, the most telling first. */
export const INGEST_VARIANTS: readonly IngestVariant[] = (["http", "grpc"] as const).flatMap((protocol) =>
  [false, true].flatMap((isGzip) =>
    [MERGED_SPANS, 0].map((mergeSpans) => {
      const size = mergeSpans > 0 ? "merged" : "recorded";
      return { protocol, mergeSpans, isGzip, name: `${protocol} ${size} ${isGzip ? "gzip" : "identity"}` };
    }),
  ),
);

/** Requests merged over HTTP, uncompressed: the way that fills the store for everything after ingest. */
export const MAIN_VARIANT: IngestVariant = INGEST_VARIANTS[0] as IngestVariant;
