/** What every use case works with. */

import type { Clock } from "../base/clock.ts";
import type { LiveStatistics } from "../rollup/live-statistics.ts";
import type { AttributeCatalogue } from "../store/attribute-catalogue.ts";
import type { Catalogue } from "../store/catalogue.ts";
import type { TraceReader } from "../store/trace-reader.ts";
import type { TraceStatistics } from "../store/trace-statistics.ts";
import type { LargeAnalyses } from "./large-analyses.ts";

/** The reading ports of a store. */
export interface QueryPorts {
  readonly reader: TraceReader;
  readonly catalogue: Catalogue & AttributeCatalogue;
  readonly statistics: TraceStatistics;
  /** Takes the analyses of more than `MAX_SPANS_AT_ONCE` spans; absent: they are done at once, whatever they hold up. */
  readonly largeAnalyses?: LargeAnalyses | undefined;
  /** Statistics as spans arrive, up to now; absent: what asks for them is answered with `unimplemented`. */
  readonly live?: (() => LiveStatistics) | undefined;
  /** Resolves once they have everything from before a restart; absent: they have. */
  readonly liveUpToDate?: ((signal: AbortSignal) => Promise<void>) | undefined;
}

/** How much one answer may look at. */
export interface AnswerLimits {
  /** Most spans of one trace that is read whole. Default 1,000,000: about a gigabyte of JSON. */
  readonly maxSpansPerAnswer: number;
  /** Most traces that performance and profiles are worked out over. Default 10,000. */
  readonly maxTracesAnalysed: number;
  /** Most spans that performance and profiles are worked out over. Default 5,000,000. */
  readonly maxSpansAnalysed: number;
  /** Most spans of the traces that sets are made of. Default 500,000: about five seconds of work. */
  readonly maxSpansCompared: number;
}

/** The limits when none are given. */
export const DEFAULT_ANSWER_LIMITS: AnswerLimits = Object.freeze({
  maxSpansPerAnswer: 1_000_000,
  maxTracesAnalysed: 10_000,
  maxSpansAnalysed: 5_000_000,
  maxSpansCompared: 500_000,
});

/** Ports, clock and limits of the use cases. */
export interface QueryContext extends QueryPorts {
  readonly clock: Clock;
  readonly answerLimits: AnswerLimits;
}
