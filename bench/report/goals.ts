/** The figures this project wants to reach, and what a run says of each. */

import type { BenchResults } from "../bench-results.ts";
import { QueryName } from "../queries/query-cases.ts";
import type { QueryTimes } from "../queries/query-run.ts";
import type { IngestFigures } from "../scenarios/ingest-figures.ts";
import { COLLECTOR_NAME } from "../targets/collector-target.ts";
import { TRACAGG_NAME } from "../targets/tracagg-server.ts";
import { megabytes, ratio } from "./table.ts";

/** One row of the table of goals. */
export interface Goal {
  readonly what: string;
  /** Good, and as good as it should get; a row without them is there to be known. */
  readonly reach?: number;
  readonly beyond?: number;
  readonly isHigherBetter?: boolean;
  /** Digits after the point. */
  readonly digits: number;
  /** Among the few that the README quotes. */
  readonly isQuoted?: boolean;
  readonly value: (results: BenchResults) => number | undefined;
  /** The same over the Collector's figure of the same run. */
  readonly timesCollector?: (results: BenchResults) => number | undefined;
}

/** How a value stands to its goal. */
export function verdict(goal: Goal, value: number | undefined): "" | "beyond" | "reached" | "missed" {
  if (value === undefined || goal.reach === undefined) return "";
  const isWithin = (bound: number | undefined) =>
    bound !== undefined && (goal.isHigherBetter === true ? value >= bound : value <= bound);
  if (isWithin(goal.beyond)) return "beyond";
  return isWithin(goal.reach) ? "reached" : "missed";
}

/** Figures of a way to send on a backend. */
export function ingestOf(
  { ingest }: BenchResults,
  variant: string,
  target: string = TRACAGG_NAME,
): IngestFigures | undefined {
  return ingest.find((row) => row.variant === variant && row.target === target);
}

type CpuKey = "ackedCpuMicrosPerSpan" | "sealedCpuMicrosPerSpan";

function cpuRatio(results: BenchResults, variant: string, key: CpuKey): number | undefined {
  return ratio(
    ingestOf(results, variant)?.[key],
    ingestOf(results, variant, COLLECTOR_NAME)?.sealedCpuMicrosPerSpan,
  );
}

function cpuGoal(what: string, variant: string, reach: number, beyond: number): Goal {
  return {
    what,
    reach,
    beyond,
    digits: 1,
    value: (results) => ingestOf(results, variant)?.sealedCpuMicrosPerSpan,
    timesCollector: (results) => cpuRatio(results, variant, "sealedCpuMicrosPerSpan"),
  };
}

function p95(queries: readonly QueryTimes[] | undefined, name: string): number | undefined {
  return queries?.find((query) => query.name === name)?.p95Millis;
}

function queryGoal(name: string, reach: number, beyond?: number): Goal {
  return {
    what: `${name}, p95 ms`,
    reach,
    ...(beyond === undefined ? {} : { beyond }),
    digits: 1,
    value: ({ stored }) => p95(stored?.queries, name),
  };
}

const MERGED = "http merged identity";

const INGEST_GOALS: readonly Goal[] = [
  {
    ...cpuGoal("server CPU, us a span, HTTP, 500 spans a request, until sealed", MERGED, 7, 5),
    isQuoted: true,
  },
  {
    what: "the same at the last acknowledgement",
    digits: 1,
    value: (results) => ingestOf(results, MERGED)?.ackedCpuMicrosPerSpan,
    timesCollector: (results) => cpuRatio(results, MERGED, "ackedCpuMicrosPerSpan"),
  },
  {
    what: "the same over the Collector's decode-to-nowhere of the same run, until sealed, times",
    reach: 2,
    beyond: 1.2,
    digits: 2,
    value: (results) => cpuRatio(results, MERGED, "sealedCpuMicrosPerSpan"),
  },
  cpuGoal("server CPU, us a span, HTTP, requests as recorded, until sealed", "http recorded identity", 11, 7),
  cpuGoal("server CPU, us a span, gRPC, 500 spans a request, until sealed", "grpc merged identity", 8, 5),
  {
    what: "spans/s on one core, until sealed",
    reach: 130_000,
    beyond: 200_000,
    isHigherBetter: true,
    digits: 0,
    isQuoted: true,
    value: (results) => ingestOf(results, MERGED)?.sealedSpansPerSecond,
  },
  {
    what: "spans/s on one core, until the last acknowledgement",
    digits: 0,
    value: (results) => ingestOf(results, MERGED)?.ackedSpansPerSecond,
  },
  {
    what: "disk, bytes a span",
    reach: 45,
    beyond: 40,
    digits: 1,
    isQuoted: true,
    value: (results) => ingestOf(results, MERGED)?.diskBytesPerSpan,
  },
  {
    what: "peak RSS at full speed, MB",
    reach: 500,
    beyond: 300,
    digits: 0,
    isQuoted: true,
    value: (results) => megabytes(ingestOf(results, MERGED)?.peakRssBytes),
  },
];

/** Questions whose time must not grow with the history. */
const HISTORY_QUERIES: readonly string[] = [
  QueryName.TRACE_BY_ID,
  QueryName.SERVICE,
  QueryName.ATTRIBUTE_COMMON,
  QueryName.ATTRIBUTE_RARE,
  QueryName.ATTRIBUTE_ABSENT,
  QueryName.SERVICES,
  QueryName.DEPENDENCIES,
];

function worstGrowth({ stored, tenfold }: BenchResults): number | undefined {
  const growths = HISTORY_QUERIES.map((name) =>
    ratio(p95(tenfold?.queries, name), p95(stored?.queries, name)),
  ).filter((growth) => growth !== undefined);
  return growths.length === 0 ? undefined : Math.max(...growths);
}

/** Every row, in the order of the table. */
export const GOALS: readonly Goal[] = [
  ...INGEST_GOALS,
  { ...queryGoal(QueryName.TRACE_BY_ID, 6, 3), isQuoted: true },
  { ...queryGoal(QueryName.SERVICE, 12, 6), isQuoted: true },
  { ...queryGoal(QueryName.ATTRIBUTE_COMMON, 20, 10), isQuoted: true },
  { ...queryGoal(QueryName.ATTRIBUTE_RARE, 50, 20), isQuoted: true },
  queryGoal(QueryName.ATTRIBUTE_ABSENT, 10, 2),
  queryGoal(QueryName.SERVICES, 2, 0.5),
  { ...queryGoal(QueryName.DEPENDENCIES, 20, 5), isQuoted: true },
  { ...queryGoal(QueryName.TRACEQL_SERVICE, 60), isQuoted: true },
  queryGoal(QueryName.TRACEQL_COMPARED, 60),
  queryGoal(QueryName.TRACEQL_LISTED, 400),
  queryGoal(QueryName.TRACEQL_STRUCTURE, 150),
  queryGoal(QueryName.TRACEQL_COMMON_STRUCTURE, 1_500),
  queryGoal(QueryName.TRACEQL_RATE, 50),
  queryGoal(QueryName.TRACEQL_QUANTILES, 700),
  queryGoal(QueryName.ATTRIBUTE_VALUES, 50),
  queryGoal(QueryName.JAEGER_SEARCH, 100),
  queryGoal(QueryName.JAEGER_SUMMARIES, 100),
  queryGoal(QueryName.ZIPKIN_SEARCH, 100),
  {
    what: "request latency at half the sustained rate, p99 ms",
    reach: 50,
    beyond: 20,
    digits: 1,
    isQuoted: true,
    value: ({ stored }) => stored?.steady?.latencyMillis.p99,
  },
  {
    what: "request latency while questions are answered, p99.9 ms",
    reach: 250,
    digits: 1,
    value: ({ stored }) => stored?.querying?.latencyMillis.p999,
  },
  {
    what: "start to ready, s",
    reach: 1.5,
    beyond: 0.7,
    digits: 2,
    isQuoted: true,
    value: ({ stored }) => ratio(stored?.restart?.readyMillis, 1_000),
  },
  {
    what: "idle RSS, MB",
    reach: 150,
    beyond: 100,
    digits: 0,
    isQuoted: true,
    value: ({ stored }) => megabytes(stored?.restart?.idleRssBytes),
  },
  {
    what: "ten times the spans stored: most that a p95 above grows, times",
    reach: 2,
    digits: 2,
    value: worstGrowth,
  },
];
