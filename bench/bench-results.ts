/** Everything a run of the bench found; `--json` writes it as it is. */

import type { QueryTimes } from "./queries/query-run.ts";
import type { IngestFigures } from "./scenarios/ingest-figures.ts";
import type { QueryingFigures, SteadyFigures } from "./scenarios/steady.ts";
import type { MergeFigures, RestartFigures } from "./scenarios/stored.ts";

/** What was measured, where and how. */
export interface Conditions {
  readonly version: string;
  readonly machine: string;
  /** Of the last minute, when the run began: well above 0, others took time from it. */
  readonly loadAverage: number;
  readonly pinning: string;
  readonly corpus: string;
  readonly spans: number;
  readonly concurrency: number;
  readonly rounds: number;
  /** The command that repeats it. */
  readonly command: string;
  /** Variables of the environment that change what is measured. */
  readonly environment: readonly string[];
  readonly collector: string | undefined;
}

/** Figures over a number of stored spans; what was not asked for is absent. */
export interface StoredFigures {
  readonly spans: number;
  merging?: MergeFigures;
  restart?: RestartFigures;
  queries?: readonly QueryTimes[];
  steady?: SteadyFigures;
  querying?: QueryingFigures;
}

/** A run. */
export interface BenchResults {
  readonly conditions: Conditions;
  readonly ingest: readonly IngestFigures[];
  readonly stored: StoredFigures | undefined;
  /** With ten times the spans. */
  readonly tenfold: StoredFigures | undefined;
}
