/** OTLP/JSON lines: one `TracesData` object a line, as OpenTelemetry's file exporter specification has it. */

import { otlpJsonFromRows } from "../src/codec/otlp-json/encode.ts";
import type { Exporter } from "../src/export/exporter.ts";
import { TAKEN } from "../src/export/exporter.ts";
import type { RotatingFileOptions } from "../src/export/rotating-file.ts";
import { RotatingFile } from "../src/export/rotating-file.ts";

/**
 * Writes everything OTLP carries; nothing is lost.
 *
 * @example
 * const exporter = createOtlpJsonFileExporter({ path: "traces.jsonl" });
 */
export function createOtlpJsonFileExporter(options: RotatingFileOptions): Exporter {
  const file = new RotatingFile(options);
  return {
    deliver: async (batch) => {
      await file.append(`${otlpJsonFromRows(batch.rows())}\n`);
      return TAKEN;
    },
    stop: () => file.close(),
  };
}
