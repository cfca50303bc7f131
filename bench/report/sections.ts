/** The figures of a run as tables. */

import type { BenchResults, StoredFigures } from "../bench-results.ts";
import type { QueryTimes } from "../queries/query-run.ts";
import type { IngestFigures } from "../scenarios/ingest-figures.ts";
import type { SteadyFigures } from "../scenarios/steady.ts";
import { COLLECTOR_NAME } from "../targets/collector-target.ts";
import { GOALS, ingestOf, verdict } from "./goals.ts";
import { markdownTable, megabytes, numberText, ratio } from "./table.ts";

const PERCENT = 100;

/** Every goal with what was measured. */
export function goalTable(results: BenchResults): string[] {
  const header = ["what", "reach", "beyond", "measured", "", "x Collector"];
  return markdownTable(
    header,
    GOALS.map((goal) => {
      const value = goal.value(results);
      return [
        goal.what,
        goalText(goal.reach),
        goalText(goal.beyond),
        numberText(value, goal.digits) ?? "not measured",
        verdict(goal, value),
        numberText(goal.timesCollector?.(results), 2) ?? "",
      ];
    }),
  );
}

function goalText(goal: number | undefined): string {
  return goal?.toLocaleString("en-US") ?? "";
}

/** Ingest, a row for each way to send and backend. */
export function ingestTable(results: BenchResults): string[] {
  const header = [
    "ingest",
    "backend",
    "spans/s sealed",
    "spans/s acked",
    "CPU us/span sealed",
    "CPU us/span acked",
    "x Collector",
    "peak RSS MB",
    "disk B/span",
    "p50 ms",
    "p95 ms",
    "p99 ms",
    "p99.9 ms",
    "retries",
    "failed",
    "generator CPU %",
  ];
  return markdownTable(
    header,
    results.ingest.map((row) => ingestRow(row, results)),
  );
}

function ingestRow(row: IngestFigures, results: BenchResults): (string | undefined)[] {
  const { latencyMillis: latency } = row;
  const yardstick = ingestOf(results, row.variant, COLLECTOR_NAME)?.sealedCpuMicrosPerSpan;
  return [
    row.variant,
    row.target,
    numberText(row.sealedSpansPerSecond),
    numberText(row.ackedSpansPerSecond),
    numberText(row.sealedCpuMicrosPerSpan, 2),
    numberText(row.ackedCpuMicrosPerSpan, 2),
    numberText(ratio(row.sealedCpuMicrosPerSpan, yardstick), 2),
    numberText(megabytes(row.peakRssBytes)),
    numberText(row.diskBytesPerSpan, 1),
    ...[latency.p50, latency.p95, latency.p99, latency.p999].map((millis) => numberText(millis, 1)),
    numberText(row.retries),
    numberText(row.failedRequests),
    numberText(row.generatorCpuShare * PERCENT),
  ];
}

/** Questions; with ten times the spans beside them where that was measured. */
export function queryTable(
  queries: readonly QueryTimes[],
  tenfold: readonly QueryTimes[] | undefined,
): string[] {
  const header = ["query", "answers", "failed", "p50 ms", "p95 ms"];
  const row = (query: QueryTimes) => [
    query.name,
    numberText(query.runs),
    numberText(query.failures),
    numberText(query.p50Millis, 1),
    numberText(query.p95Millis, 1),
  ];
  if (tenfold === undefined) return markdownTable(header, queries.map(row));
  return markdownTable(
    [...header, "x10: answers", "x10: p50 ms", "x10: p95 ms", "p95 grows, times"],
    queries.map((query) => {
      const more = tenfold.find(({ name }) => name === query.name);
      return [
        ...row(query),
        numberText(more?.runs),
        numberText(more?.p50Millis, 1),
        numberText(more?.p95Millis, 1),
        numberText(ratio(more?.p95Millis, query.p95Millis), 2),
      ];
    }),
  );
}

/** Request latency at a fixed rate. */
export function steadyTable(rows: readonly (readonly [string, SteadyFigures])[]): string[] {
  const header = [
    "at a fixed rate",
    "seconds",
    "spans/s wanted",
    "spans/s sent",
    "requests",
    "p50 ms",
    "p95 ms",
    "p99 ms",
    "p99.9 ms",
    "max ms",
    "retries",
    "failed",
    "server CPU %",
    "generator CPU %",
  ];
  return markdownTable(
    header,
    rows.map(([name, { latencyMillis: latency, ...row }]) => [
      name,
      numberText(row.seconds),
      numberText(row.wantedSpansPerSecond),
      numberText(row.spansPerSecond),
      numberText(row.requests),
      ...[latency.p50, latency.p95, latency.p99, latency.p999, latency.max].map((ms) => numberText(ms, 1)),
      numberText(row.retries),
      numberText(row.failedRequests),
      numberText(row.serverCpuShare === undefined ? undefined : row.serverCpuShare * PERCENT),
      numberText(row.generatorCpuShare * PERCENT),
    ]),
  );
}

function mergingTable(stores: readonly StoredFigures[]): string[] {
  return markdownTable(
    ["spans stored", "segments merged", "seconds", "CPU us/span", "peak RSS MB"],
    stores.flatMap(({ spans, merging }) =>
      merging === undefined
        ? []
        : [
            [
              numberText(spans),
              numberText(merging.segments),
              numberText(merging.seconds, 1),
              numberText(merging.cpuMicrosPerSpan, 2),
              numberText(megabytes(merging.peakRssBytes)),
            ],
          ],
    ),
  );
}

function restartTable(stores: readonly StoredFigures[]): string[] {
  const header = ["spans stored", "starts", "start to ready s", "idle RSS MB"];
  return markdownTable(
    header,
    stores.flatMap(({ spans, restart }) =>
      restart === undefined
        ? []
        : [
            [
              numberText(spans),
              numberText(restart.starts),
              numberText(restart.readyMillis / 1_000, 2),
              numberText(megabytes(restart.idleRssBytes)),
            ],
          ],
    ),
  );
}

/** A heading and what stands under it. */
export interface Section {
  readonly title: string;
  readonly lines: readonly string[];
}

/** All tables that a run has figures for. */
export function sections(results: BenchResults): Section[] {
  const { stored, tenfold } = results;
  const stores = [stored, tenfold].filter((store) => store !== undefined);
  const found: Section[] = [];
  const add = (title: string, lines: readonly string[]) => found.push({ title, lines });
  if (results.ingest.length > 0) add("Ingest at full speed", ingestTable(results));
  if (stores.some(({ merging }) => merging !== undefined)) add("Merging segments", mergingTable(stores));
  if (stores.some(({ restart }) => restart !== undefined)) add("Start", restartTable(stores));
  if (stored?.queries !== undefined) {
    add(`Queries over ${numberText(stored.spans)} spans`, queryTable(stored.queries, tenfold?.queries));
  }
  const steady: (readonly [string, SteadyFigures])[] = [];
  if (stored?.steady !== undefined) steady.push(["alone", stored.steady]);
  if (stored?.querying !== undefined) steady.push(["while questions are answered", stored.querying]);
  if (steady.length > 0) add("Request latency at a fixed rate", steadyTable(steady));
  if (stored?.querying !== undefined) {
    add("Queries while ingest goes on", queryTable(stored.querying.queries, undefined));
  }
  return found;
}
