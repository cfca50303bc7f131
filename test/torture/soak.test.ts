/**
 * A server under steady load for a long time: at 70 % of what it can take, while it is asked all sorts of questions,
 * seals and removes old segments. What it acknowledged and retention keeps is found exactly once, and its memory does not
 * grow.
 */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { corpusFacts } from "../../bench/queries/corpus-facts.ts";
import { corpusSpans } from "../../bench/queries/corpus-spans.ts";
import { QueryName, queryCases } from "../../bench/queries/query-cases.ts";
import { createQueryClient } from "../../bench/queries/query-client.ts";
import type { ServerProcess } from "../helpers/server-process.ts";
import { getJson } from "../helpers/server-process.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { SEED, secondsOf, sizeOf } from "./scale.ts";
import type { Stretch, Taken } from "./soak-load.ts";
import { IN_FLIGHT, SoakLoad } from "./soak-load.ts";
import type { SoakRow } from "./soak-table.ts";
import { quarterMedians, SOAK_HEADER, soakLine } from "./soak-table.ts";
import {
  countedSpans,
  httpSender,
  listedTraces,
  mebibytes,
  metricsOf,
  residentBytes,
  startServer,
} from "./torture-server.ts";

const SECONDS = secondsOf({ short: 12, long: 30 * 60 });
/** At full speed first: until retention has begun, in steps of so long, and once more to know what 70 % is. */
const TRIAL_SECONDS = Math.min(60, SECONDS / 6);
const LOAD_SHARE = 0.7;
/** A row of the table. */
const ROW_SECONDS = sizeOf({ short: 5, long: 60 });
const SAMPLES_PER_ROW = 12;
/** Between one question and the next. */
const QUERY_PAUSE_MILLIS = 100;
/** Whole traces that are read at the end. */
const READ_TRACES = 100;
/** Memory needs time to settle; a shorter soak says what it saw and claims nothing. */
const MIN_FLAT_SECONDS = 10 * 60;
/** The median of the last quarter over that of the second: caches and the heap of the engine breathe by so much. */
const MAX_GROWTH = 1.15;
/**
 * Small, so that seals, retention and what the query engine caches (it fills what it may have, with files that are gone
 * too) come to rest soon and then go on and on.
 */
const ARGUMENTS = Object.entries({
  "--store-lake-seal-bytes": sizeOf({ short: "1MiB", long: "8MiB" }),
  "--store-lake-max-hot-bytes": sizeOf({ short: "4MiB", long: "32MiB" }),
  "--store-lake-memory-limit-bytes": sizeOf({ short: "64MiB", long: "128MiB" }),
  "--retention-bytes": sizeOf({ short: "2MiB", long: "48MiB" }),
}).flat();
/** Position of the oldest record that a segment holds, 0 when there is none; names of segments begin with it. */
function firstPositionIn(folder: string): number {
  const names = readdirSync(join(folder, "segments")).filter((name) => /^\d+-\d+$/.test(name));
  return names.length === 0 ? 0 : Math.min(...names.map((name) => Number.parseInt(name, 10)));
}

/** Asks one question after the other until the signal, with a pause after each. */
class Questioner {
  readonly #millis: number[] = [];
  readonly failures: string[] = [];
  readonly #server: ServerProcess;
  readonly #load: SoakLoad;

  constructor(server: ServerProcess, load: SoakLoad) {
    this.#server = server;
    this.#load = load;
  }

  /** Times of the answers since the last call. */
  takeMillis(): number[] {
    return this.#millis.splice(0);
  }

  async askUntil(signal: AbortSignal): Promise<void> {
    const client = createQueryClient(this.#server.ui);
    const paths = queryCases(corpusFacts(corpusSpans()), [])
      .filter(({ name }) => name !== QueryName.TRACE_BY_ID)
      .map(({ path }) => path);
    // What was acknowledged a moment ago is found by its id at once.
    const recent = (): string => `/api/v1/traces/${this.#load.recentTraceId()}`;
    for (let run = 0; !signal.aborted; run++) {
      if (this.#load.acknowledged > 0) {
        const path = run % 2 === 0 ? recent() : paths[((run - 1) / 2) % paths.length]!(run);
        const { status, millis } = await client.get(path);
        if (status !== 200) this.failures.push(`${path}: HTTP ${status}`);
        this.#millis.push(millis);
      }
      await sleep(QUERY_PAUSE_MILLIS);
    }
    client.close();
  }
}

/** Sends for a while, and prints a row each time one is due. */
class Soak {
  readonly memorySamples: number[] = [];
  readonly #server: ServerProcess;
  readonly #folder: string;
  readonly #load: SoakLoad;
  readonly #questions: Questioner;
  readonly #print: (line: string) => Promise<unknown>;
  #taken: Taken[] = [];

  constructor({ server, folder, load, questions, print }: SoakParts) {
    this.#server = server;
    this.#folder = folder;
    this.#load = load;
    this.#questions = questions;
    this.#print = print;
  }

  async run(stretch: Stretch): Promise<void> {
    const sending = new AbortController();
    await Promise.all([
      this.#load.send(stretch, (taken) => void this.#taken.push(taken)).finally(() => sending.abort()),
      this.#watchUntil(sending.signal),
    ]);
  }

  async #watchUntil(signal: AbortSignal): Promise<void> {
    await this.#print(SOAK_HEADER);
    const startMillis = performance.now();
    let rowMillis = startMillis;
    for (let sample = 1; !signal.aborted; sample++) {
      await sleep((ROW_SECONDS * 1_000) / SAMPLES_PER_ROW);
      this.memorySamples.push(residentBytes(this.#server.pid).now);
      if (sample % SAMPLES_PER_ROW !== 0) continue;
      const now = performance.now();
      const row = await this.#row((now - rowMillis) / 1_000);
      rowMillis = now;
      await this.#print(soakLine(row, (now - startMillis) / 1_000));
    }
  }

  async #row(seconds: number): Promise<SoakRow> {
    const taken = this.#taken;
    this.#taken = [];
    const metrics = await metricsOf(this.#server);
    return {
      seconds,
      spans: taken.length * this.#load.spansPerRequest,
      latenciesMillis: taken.map(({ latencyMillis }) => latencyMillis),
      refusals: taken.reduce((sum, { refusals }) => sum + refusals, 0),
      queryMillis: this.#questions.takeMillis(),
      residentBytes: this.memorySamples.at(-1) ?? 0,
      heapBytes: metrics["nodejs_heap_size_used_bytes"] ?? 0,
      bufferBytes: metrics["nodejs_external_memory_bytes"] ?? 0,
      segments: metrics["tracagg_store_segments"] ?? 0,
      segmentBytes: metrics["tracagg_store_segment_bytes"] ?? 0,
      removedRequests: firstPositionIn(this.#folder),
    };
  }
}

/** What a {@link Soak} works with. */
interface SoakParts {
  readonly server: ServerProcess;
  readonly folder: string;
  readonly load: SoakLoad;
  readonly questions: Questioner;
  readonly print: (line: string) => Promise<unknown>;
}

/** Every span of what was acknowledged and not removed, in lists, sums and whole traces; nothing else, nothing twice. */
async function expectKept(server: ServerProcess, folder: string, load: SoakLoad): Promise<number> {
  const firstKept = firstPositionIn(folder);
  const listed = await listedTraces(server);
  const counted = await countedSpans(server);
  // Nothing is sent any more: a seal that was under way may have made room once.
  if (firstPositionIn(folder) !== firstKept) return expectKept(server, folder, load);
  const bounds = load.boundsFrom(firstKept);
  const missing = [...bounds].filter(([traceId, { atLeast }]) => (listed.get(traceId) ?? 0) < atLeast);
  expect(missing).toEqual([]);
  const tooMany = [...listed].filter(([traceId, spans]) => spans > (bounds.get(traceId)?.atMost ?? 0));
  expect(tooMany).toEqual([]);
  expect(counted).toBe((load.acknowledged - firstKept) * load.spansPerRequest);
  expect([...listed.values()].reduce((sum, spans) => sum + spans, 0)).toBe(counted);
  const traceIds = [...listed.keys()];
  for (let count = 0; count < READ_TRACES; count++) {
    const traceId = traceIds[Math.floor((traceIds.length * count) / READ_TRACES)]!;
    const { spans } = await getJson<Trace>(server.ui, `/api/v1/traces/${traceId}`);
    expect(spans).toHaveLength(listed.get(traceId)!);
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length);
  }
  return firstKept;
}

/** As the API tells it. */
interface Trace {
  readonly spans: readonly { readonly spanId: string }[];
}

/** Fails when memory grows over a soak that is long enough to tell. */
function memoryOver(samples: readonly number[]): string {
  const medians = quarterMedians(samples);
  const [, second, , last] = medians;
  if (SECONDS >= MIN_FLAT_SECONDS) expect(last).toBeLessThanOrEqual(second * MAX_GROWTH);
  return `median of memory by quarter: ${medians.map(mebibytes).join(", ")}`;
}

/** Spans a second that a server takes once it is full, so that retention removes what is oldest. */
async function fullSpeedOf(load: SoakLoad, folder: string): Promise<number> {
  const trial: Stretch = { seconds: TRIAL_SECONDS, spansPerSecond: 0 };
  while (firstPositionIn(folder) === 0) await load.send(trial, () => {});
  const before = load.acknowledged;
  const startMillis = performance.now();
  await load.send(trial, () => {});
  const seconds = (performance.now() - startMillis) / 1_000;
  return ((load.acknowledged - before) * load.spansPerRequest) / seconds;
}

test("a server under steady load keeps and finds what it acknowledged, and its memory stays flat", {
  timeout: SECONDS * 1_000 + 15 * 60_000,
}, async ({ annotate }) => {
  const folder = temporaryFolder();
  const server = await startServer(folder, ARGUMENTS);
  const load = new SoakLoad(httpSender(server, IN_FLIGHT), SEED);
  const questions = new Questioner(server, load);
  const ending = new AbortController();
  const asking = questions.askUntil(ending.signal);
  const fullSpeed = await fullSpeedOf(load, folder);
  await annotate(`seed ${SEED}; ${fullSpeed.toFixed(0)} spans/s at full speed beside questions`);
  questions.takeMillis();
  const soak = new Soak({ server, folder, load, questions, print: annotate });
  await soak.run({ seconds: SECONDS, spansPerSecond: LOAD_SHARE * fullSpeed });
  ending.abort();
  await asking;
  expect(questions.failures).toEqual([]);
  await annotate(memoryOver(soak.memorySamples));
  expect((await metricsOf(server))["tracagg_log_next_position"]).toBe(load.acknowledged);
  expect(await expectKept(server, folder, load)).toBeGreaterThan(0);
  expect(await server.stop()).toBe(0);
  const again = await startServer(folder, ARGUMENTS);
  const removed = await expectKept(again, folder, load);
  await annotate(
    `${load.acknowledged} requests acknowledged, ${removed} of them removed by retention, the rest found`,
  );
  expect(await again.stop()).toBe(0);
});
