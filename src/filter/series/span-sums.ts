/** What takes the spans of traces one by one. */

import type { HeldBytes } from "../../base/held-bytes.ts";
import type { Steps } from "../../base/time-slice.ts";
import type { TraceFact, TraceFacts } from "../evaluator/trace-facts.ts";
import type { Field } from "../query-model.ts";
import type { Series } from "./series.ts";
import type { SeriesGrid } from "./series-grid.ts";
import type { SpanSummer, SpanSumsRequest } from "./span-summer.ts";

/** What functions over time of traces work with. */
export interface TraceSeriesOptions {
  readonly grid: SeriesGrid;
  /** The name of the label that tells a field. */
  readonly labelNameOf: (field: Field) => string;
  /** Most groups that a function makes. */
  readonly maxGroups: number;
  /** Most exemplars that a function gives. */
  readonly maxExemplars: number;
  readonly held: HeldBytes;
}

/** Takes one span that starts within the grid. */
export interface SpanSums {
  /** What is read of spans, beside what the pipeline reads. */
  readonly fields: readonly Field[];
  /** What must be worked out of a trace first. */
  readonly facts: ReadonlySet<TraceFact>;
  readonly isCut: boolean;
  /** Undefined when more is read than single spans have. */
  readonly summer?: Pick<SpanSummer, "addSums" | "offer"> & {
    readonly request: Omit<SpanSumsRequest, "condition">;
  };
  add(trace: TraceFacts, span: number, timeUnixNano: bigint): void;
  series(): Steps<readonly Series[]>;
}
