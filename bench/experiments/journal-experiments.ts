/** What it would cost to compress the records of the ingest log. */

import { brotliCompressSync, constants, crc32, deflateRawSync, gzipSync } from "node:zlib";
import type { Way } from "./measure.ts";

/** Ways to make a record of a payload; each does all payloads and tells the bytes it came to. */
export function journalWays(payloads: readonly Uint8Array[]): Way[] {
  const way = (name: string, encode: (payload: Uint8Array) => Uint8Array): Way => ({
    name,
    run: () => {
      let bytes = 0;
      for (const payload of payloads) {
        const record = encode(payload);
        crc32(record);
        bytes += record.length;
      }
      return bytes;
    },
  });
  return [
    way("as it came", (payload) => payload),
    way("deflate, level 1", (payload) => deflateRawSync(payload, { level: 1 })),
    way("gzip, level 6", (payload) => gzipSync(payload, { level: 6 })),
    way("brotli, quality 1", (payload) =>
      brotliCompressSync(payload, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
    ),
  ];
}
