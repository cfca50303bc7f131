/** Runs questions: one at a time for their times, or round and round beside ingest. */

import { percentilesOf } from "../percentiles.ts";
import type { QueryCase } from "./query-cases.ts";
import type { QueryClient } from "./query-client.ts";

/** A question that takes seconds is asked less often, but often enough for a median. */
const MAX_CASE_MILLIS = 15_000;
const MIN_RUNS = 5;

/** Times of one kind of question. */
export interface QueryTimes {
  readonly name: string;
  /** Answers that count. */
  readonly runs: number;
  readonly failures: number;
  readonly p50Millis: number;
  readonly p95Millis: number;
}

function queryTimes(name: string, millis: readonly number[], failures: number): QueryTimes {
  const { p50, p95 } = percentilesOf(millis);
  return { name, runs: millis.length, failures, p50Millis: p50, p95Millis: p95 };
}

/** Every question in turn, one at a time; the first answer of each is not counted. */
export async function runQueries(client: QueryClient, cases: readonly QueryCase[]): Promise<QueryTimes[]> {
  const results: QueryTimes[] = [];
  for (const { name, runs, path } of cases) {
    const millis: number[] = [];
    let failures = 0;
    const endMillis = performance.now() + MAX_CASE_MILLIS;
    for (let run = 0; run <= runs; run++) {
      if (run > MIN_RUNS && performance.now() > endMillis) break;
      const answer = await client.get(path(run));
      if (answer.status !== 200) failures++;
      else if (run > 0) millis.push(answer.millis);
    }
    results.push(queryTimes(name, millis, failures));
  }
  return results;
}

/** Asks one question after the other, round and round, until the signal. */
export async function askUntil(
  client: QueryClient,
  cases: readonly QueryCase[],
  signal: AbortSignal,
): Promise<QueryTimes[]> {
  const asked = cases.map(({ name, path }) => ({ name, path, millis: [] as number[], failures: 0 }));
  for (let run = 0; !signal.aborted && asked.length > 0; run++) {
    const entry = asked[run % asked.length] as (typeof asked)[number];
    const answer = await client.get(entry.path(run));
    if (answer.status === 200) entry.millis.push(answer.millis);
    else entry.failures++;
  }
  return asked.map(({ name, millis, failures }) => queryTimes(name, millis, failures));
}
