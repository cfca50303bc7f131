/** Series of functions over time, as the native API writes them. */

import { conditionText } from "../../filter/conditions/condition-text.ts";
import type { Series } from "../../filter/series/series.ts";
import type { SeriesGrid } from "../../filter/series/series-grid.ts";
import { stampOf } from "../../filter/series/series-grid.ts";
import type { SeriesAnswer } from "../../query/query-series.ts";
import { listChunks } from "../json-chunks.ts";
import type { SampleJson, SeriesJson, SeriesListJson } from "../traceql-contract.ts";
import { candidatesJson, fieldJson, warningsJson } from "./found-trace-json.ts";
import { rangeJson } from "./range-json.ts";

/** {@link SeriesListJson} as text in pieces, to be joined. */
export function* seriesListChunks({ series, grid, ...answer }: SeriesAnswer): Iterable<string> {
  const { candidates, where, ...counts } = answer.explanation;
  const rest: Omit<SeriesListJson, "series"> = {
    range: rangeJson(answer.range),
    stepNanos: grid.stepNanos.toString(),
    status: answer.status,
    message: answer.message,
    warnings: warningsJson(answer.warnings),
    explanation: { candidates: candidatesJson(candidates), conditions: conditionText(where), ...counts },
  };
  yield '{"series":';
  yield* listChunks(series, (each) => seriesJson(each, grid));
  yield `,${JSON.stringify(rest).slice(1)}`;
}

function seriesJson({ labels, values, exemplars }: Series, grid: SeriesGrid): SeriesJson {
  const samples: SampleJson[] = [];
  for (const [interval, value] of values.entries()) {
    if (!Number.isNaN(value)) samples.push(sampleJson(stampOf(grid, interval), value));
  }
  return {
    labels: labels.map(fieldJson),
    samples,
    exemplars: exemplars
      .filter(({ value }) => !Number.isNaN(value))
      .map(({ traceId, spanId, timeUnixNano, value }) => ({
        traceId,
        spanId,
        ...sampleJson(timeUnixNano, value),
      })),
  };
}

/** JSON has no word for what is beyond all numbers. */
function sampleJson(timeUnixNano: bigint, value: number): SampleJson {
  return { timeUnixNano: timeUnixNano.toString(), value: Number.isFinite(value) ? value : String(value) };
}
