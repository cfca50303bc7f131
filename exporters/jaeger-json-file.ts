/** Jaeger JSON lines: one `{"data": [trace, ...]}` envelope a line, with the spans that arrived together. */

import { spanFromRow } from "../src/batch/span-from-row.ts";
import { jaegerJsonFromTraces } from "../src/codec/jaeger-json/encode.ts";
import type { Exporter } from "../src/export/exporter.ts";
import { TAKEN } from "../src/export/exporter.ts";
import type { RotatingFileOptions } from "../src/export/rotating-file.ts";
import { RotatingFile } from "../src/export/rotating-file.ts";
import type { Span } from "../src/model/span.ts";
import { traceFromSpans } from "../src/model/trace.ts";

/** Writes what Jaeger's JSON can hold; a trace that arrives in pieces stands on several lines. */
export function createJaegerJsonFileExporter(options: RotatingFileOptions): Exporter {
  const file = new RotatingFile(options);
  return {
    deliver: async (batch) => {
      const spansByTrace = new Map<string, Span[]>();
      for (const row of batch.rows()) {
        const span = spanFromRow(row);
        const spans = spansByTrace.get(span.traceId);
        if (spans === undefined) spansByTrace.set(span.traceId, [span]);
        else spans.push(span);
      }
      const traces = Array.from(spansByTrace.values(), traceFromSpans);
      await file.append(`${JSON.stringify(jaegerJsonFromTraces(traces))}\n`);
      return TAKEN;
    },
    stop: () => file.close(),
  };
}
