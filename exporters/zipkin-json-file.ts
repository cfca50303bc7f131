/** Zipkin v2 JSON lines: one list of spans a line. */

import { spanFromRow } from "../src/batch/span-from-row.ts";
import { zipkinSpansFromSpans } from "../src/codec/zipkin-json/encode.ts";
import type { Exporter } from "../src/export/exporter.ts";
import { TAKEN } from "../src/export/exporter.ts";
import type { RotatingFileOptions } from "../src/export/rotating-file.ts";
import { RotatingFile } from "../src/export/rotating-file.ts";

/** Writes what Zipkin's JSON can hold. */
export function createZipkinJsonFileExporter(options: RotatingFileOptions): Exporter {
  const file = new RotatingFile(options);
  return {
    deliver: async (batch) => {
      await file.append(`${JSON.stringify(zipkinSpansFromSpans(batch.rows().map(spanFromRow)))}\n`);
      return TAKEN;
    },
    stop: () => file.close(),
  };
}
