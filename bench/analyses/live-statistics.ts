/** `npm run bench -- --statistics`: what statistics cost as spans arrive, and what asking them takes. */

import { LatencySketch } from "../../src/analysis/latency-sketch.ts";
import { ColumnPath } from "../../src/analysis/profile/column-path.ts";
import { ColumnTree } from "../../src/analysis/profile/column-tree.ts";
import { floorTo } from "../../src/base/whole-steps.ts";
import type { CommittedBatch } from "../../src/batch/committed-batch.ts";
import { encodeSpans } from "../../src/codec/otlp-protobuf/encode-request.ts";
import { OtlpRequestDecoder } from "../../src/codec/otlp-protobuf/request-decoder.ts";
import { makeSpan } from "../../src/model/make-span.ts";
import { graphIn } from "../../src/query/live-graph.ts";
import { redIn } from "../../src/query/live-red.ts";
import type { QueryContext } from "../../src/query/query-context.ts";
import { DEFAULT_ANSWER_LIMITS } from "../../src/query/query-context.ts";
import type { EdgeCell } from "../../src/rollup/cells.ts";
import { LiveStatistics } from "../../src/rollup/live-statistics.ts";
import { OperationFrames } from "../../src/rollup/operation-frames.ts";
import { RollupWindow } from "../../src/rollup/rollup-window.ts";
import { spanSeries } from "../../src/rollup/series.ts";
import { WindowColumns } from "../../src/rollup/window-columns.ts";
import { createMemoryStore } from "../../src/store/memory/memory-store.ts";
import { sortedRows } from "../../src/window/row-order.ts";
import { corpusTemplates, describeCorpus } from "../corpus.ts";
import type { WayFigures } from "../experiments/measure.ts";
import { measureWays } from "../experiments/measure.ts";
import { describeMachine } from "../machine/describe-machine.ts";
import { mergedTemplates, patchedPayload, templateFromPayload } from "../payload-template.ts";
import { percentilesOf } from "../percentiles.ts";
import type { Random } from "../random.ts";
import { createRandom } from "../random.ts";
import { markdownTable, numberText } from "../report/table.ts";

const ROUNDS = 5;
const INSERTS = 1_000_000;
const SPANS = 200_000;
const MERGED_SPANS = 500;
/** The pace at which they arrive. */
const SPANS_A_MILLI = 14;
const QUERIES = 100;
const NOW_SECONDS = 1_700_001_800;
const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;
const SERVICES = 100;
const OPERATIONS_OF_EACH = 5;
const CALLEES_OF_EACH = 3;
const SPANS_A_MINUTE = 10;
const SERVER_KIND = 2;
const OPEN_TRACES = 20_000;
const SPANS_OF_TRACE = 50;
const TRACES_OF_REQUEST = 50;

/** Measures; the report as Markdown. */
export async function runStatistics(
  corpusFolder: string | undefined,
  say: (text: string) => void,
): Promise<string> {
  const templates = corpusTemplates(corpusFolder);
  say("adding and merging");
  const [inserts] = await measureWays([{ name: "insert", run: insertMany }], ROUNDS);
  say("counting spans as they arrive");
  const batches = batchesOf(mergedTemplates(templates, MERGED_SPANS), SPANS);
  const spanCount = batches.reduce((sum, { batch }) => sum + batch.rowCount, 0);
  const [arrivals] = await measureWays([{ name: "arrive", run: () => countAll(batches) }], ROUNDS);
  const complete = completeTraces(batches);
  const [paths, profiles] = await measureWays(
    [
      { name: "critical path", run: () => walkAll(complete) },
      { name: "profile", run: () => profileAll(complete) },
    ],
    ROUNDS,
  );
  say("asking a day of minutes");
  const day = dayOfMinutes();
  const askGraph = (): Promise<unknown> => graphIn(day.context, { start: "-24h" });
  const askOperations = (): Promise<unknown> => redIn(day.context, { start: "-24h" });
  const graph = await timesOf(askGraph);
  const operations = await timesOf(askOperations);
  const nextMinute = (): void => goOn(day);
  const movingGraph = await timesOf(askGraph, nextMinute);
  const movingOperations = await timesOf(askOperations, nextMinute);
  const rows = [
    ["inserts into a sketch, M/s", numberText(INSERTS / (inserts as WayFigures).wallMicros, 1)],
    [
      "window, calls, sums by time and profiles, CPU us/span",
      numberText((arrivals as WayFigures).cpuMicros / spanCount, 2),
    ],
    [
      "of which call-path profiles of complete traces, CPU us/span",
      numberText((profiles as WayFigures).cpuMicros / spanCount, 2),
    ],
    ["critical path over columns, M spans/s", numberText(spanCount / (paths as WayFigures).wallMicros, 2)],
    ["trace window of 20,000 open traces of 50 spans, MB", numberText(windowBytes() / 1e6, 0)],
    ["dependency graph over 24 h, 100 services, p95 ms", numberText(graph, 1)],
    ["the same, each answer a minute after the one before, p95 ms", numberText(movingGraph, 1)],
    ["rate, errors, durations of 500 operations over 24 h, p95 ms", numberText(operations, 1)],
    ["the same, each answer a minute after the one before, p95 ms", numberText(movingOperations, 1)],
  ];
  return `${[
    `- Machine: ${describeMachine()}`,
    `- Corpus: ${describeCorpus(templates, corpusFolder)}, ${numberText(spanCount)} spans with fresh ids in requests of ${MERGED_SPANS}`,
    `- Medians of ${ROUNDS} rounds; answers are p95 of ${QUERIES}`,
    `- The day: minutes with ${SPANS_A_MINUTE} spans of each of ${SERVICES * OPERATIONS_OF_EACH} operations and calls on each of ${SERVICES * CALLEES_OF_EACH} edges`,
    "",
    ...markdownTable(["what", "measured"], rows),
  ].join("\n")}\n`;
}

function insertMany(): undefined {
  const sketch = new LatencySketch();
  let state = 1;
  for (let count = 0; count < INSERTS; count++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    sketch.add(state);
  }
}

type Templates = ReturnType<typeof mergedTemplates>;

/** The corpus again and again with other trace ids, each time later, decoded. */
function batchesOf(templates: Templates, spans: number): CommittedBatch[] {
  const decoder = new OtlpRequestDecoder();
  const random = createRandom(1);
  const batches: CommittedBatch[] = [];
  for (let count = 0; count < spans; ) {
    const mask = Uint8Array.from({ length: 16 }, () => random.below(256));
    for (const template of templates) {
      // Spans end when they are sent, as those of a server do.
      const arrivalUnixMillis = NOW_SECONDS * 1_000 + Math.round(count / SPANS_A_MILLI);
      const shift = BigInt(arrivalUnixMillis) * 1_000_000n - template.lastTimeUnixNano;
      const { batch } = decoder.decode(patchedPayload(template, mask, shift));
      batches.push({ batch, position: batches.length, arrivalUnixMillis });
      count += batch.rowCount;
    }
  }
  return batches;
}

/** Appends at a pace of 14,000 spans a second, so that traces complete on the way as they do in a server. */
function countAll(batches: readonly CommittedBatch[]): undefined {
  const statistics = new LiveStatistics();
  let nowMillis = 0;
  for (const committed of batches) {
    statistics.append(committed, nowMillis);
    nowMillis += committed.batch.rowCount / SPANS_A_MILLI;
    while (statistics.tick(nowMillis, committed.arrivalUnixMillis / 1_000)) {
      // More traces are due.
    }
  }
  statistics.window.completeOpen(nowMillis, "all");
}

interface CompleteTraces {
  readonly statistics: LiveStatistics;
  readonly traces: readonly { readonly trace: number; readonly sorted: Int32Array }[];
}

/** Every trace in the window, as when it is complete. */
function completeTraces(batches: readonly CommittedBatch[]): CompleteTraces {
  const statistics = new LiveStatistics({ maxSpans: SPANS * 2 });
  const { window } = statistics;
  for (const committed of batches) window.append(committed, 0, () => {});
  const traces = window.untold(SPANS * 2).map(({ trace, rows }) => ({
    trace,
    sorted: sortedRows(rows, window.spans.columns),
  }));
  return { statistics, traces };
}

/** Works the critical path of every trace out. */
function walkAll({ statistics: { window, operations }, traces }: CompleteTraces): undefined {
  const frames = new OperationFrames(operations);
  const columns = new WindowColumns(window, frames);
  const tree = new ColumnTree();
  const path = new ColumnPath();
  for (const { trace, sorted } of traces) {
    tree.build(columns.of(sorted, trace), frames.table);
    path.walk(tree);
  }
}

/** Adds every trace to the profile of its window. */
function profileAll({ statistics: { profiles }, traces }: CompleteTraces): undefined {
  for (const { trace, sorted } of traces) {
    profiles.tell(sorted, { trace, news: "complete", latestSeconds: Number.POSITIVE_INFINITY }, true);
  }
}

/** Bytes of a window with so many traces, none of them complete. */
function windowBytes(): number {
  const requests = OPEN_TRACES / TRACES_OF_REQUEST;
  const spans = Array.from({ length: TRACES_OF_REQUEST * SPANS_OF_TRACE }, (_, at) => {
    const trace = Math.floor(at / SPANS_OF_TRACE);
    const startTimeUnixNano = 1_700_000_000_000_000_000n + BigInt(at);
    return makeSpan({
      traceId: (trace + 1).toString(16).padStart(32, "0"),
      spanId: (at + 1).toString(16).padStart(16, "0"),
      parentSpanId: "00000000000000ff",
      name: `operation ${at % 20}`,
      kind: "SERVER",
      startTimeUnixNano,
      endTimeUnixNano: startTimeUnixNano + 1_000_000n,
      resource: {
        attributes: { "service.name": `service ${trace % 20}` },
        droppedAttributesCount: 0,
        schemaUrl: "",
      },
    });
  });
  const template = templateFromPayload(encodeSpans(spans));
  const decoder = new OtlpRequestDecoder();
  const random = createRandom(1);
  const { window } = new LiveStatistics();
  for (let position = 0; position < requests; position++) {
    const mask = Uint8Array.from({ length: 16 }, () => random.below(256));
    const { batch } = decoder.decode(patchedPayload(template, mask, 0n));
    window.append({ batch, position, arrivalUnixMillis: 0 }, 0, () => {});
  }
  if (window.openTraces !== OPEN_TRACES)
    throw new Error(`expected ${OPEN_TRACES} open traces, got ${window.openTraces}`);
  return window.byteSize;
}

/** A day of windows up to a moment that can be moved on. */
interface Day {
  readonly live: LiveStatistics;
  readonly context: QueryContext;
  readonly random: Random;
  nowSeconds: number;
}

/** Every minute and every hour with the same content: what is in them does not change what they cost. */
function dayOfMinutes(): Day {
  const live = new LiveStatistics();
  const random = createRandom(1);
  const minute = new RollupWindow(0);
  const hour = new RollupWindow(0);
  fillWindow({ live, random }, minute, SPANS_A_MINUTE);
  fillWindow({ live, random }, hour, SPANS_A_MINUTE * 60);
  const [minuteBytes, hourBytes] = [minute.toBytes(), hour.toBytes()];
  // Bytes of its own for each, as in a server: those of one alone would lie in the processor's cache.
  for (let start = NOW_SECONDS - DAY - 2 * HOUR; start < NOW_SECONDS; start += MINUTE)
    live.rollups.restore(MINUTE, new RollupWindow(floorTo(start, MINUTE), minuteBytes.slice()));
  for (let start = NOW_SECONDS - DAY - 2 * HOUR; start < NOW_SECONDS; start += HOUR)
    live.rollups.restore(HOUR, new RollupWindow(floorTo(start, HOUR), hourBytes.slice()));
  // Each minute is in its hour already, as in a server that has run for a day.
  live.rollups.restoreUnfolded([]);
  live.rollups.observe(NOW_SECONDS);
  const day: Day = {
    live,
    random,
    nowSeconds: NOW_SECONDS,
    context: contextOver(live, () => day.nowSeconds),
  };
  return day;
}

/** A minute more comes, a sixth of it for each ten seconds, and is folded as a server does. */
function goOn(day: Day): void {
  const { rollups } = day.live;
  for (let part = 0; part < SPANS_A_MINUTE; part++) {
    const seconds = day.nowSeconds + (part * MINUTE) / SPANS_A_MINUTE;
    rollups.tick(seconds);
    for (const window of rollups.windowsAt(seconds)) fillWindow(day, window, 1);
  }
  day.nowSeconds += MINUTE;
  rollups.tick(day.nowSeconds);
}

/** So many spans of each operation and calls on each edge. */
function fillWindow(
  { live, random }: Pick<Day, "live" | "random">,
  window: RollupWindow,
  count: number,
): void {
  const service = (number: number): string => `service ${number % SERVICES}`;
  for (let number = 0; number < SERVICES; number++) {
    for (let name = 0; name < OPERATIONS_OF_EACH; name++) {
      const operation = live.operations.idOf(service(number), `operation ${name}`);
      const { durations } = window.spanCell(spanSeries(operation, SERVER_KIND, 0));
      fill(count, random, (nanos) => durations.add(nanos));
    }
    for (let callee = 1; callee <= CALLEES_OF_EACH; callee++) {
      const ends = { fromService: service(number), toService: service(number * 7 + callee) };
      const names = { fromOperation: "operation 0", toOperation: `operation ${callee}` };
      const cell = window.edgeCell(live.edges.idOf({ ...ends, ...names, type: "rpc" }));
      fill(count, random, (nanos) => cell.add(callOf(nanos), 1, 1));
    }
  }
}

/** Durations over four octaves. */
function fill(count: number, random: Random, add: (nanos: number) => void): void {
  for (let done = 0; done < count; done++) add(Math.floor(1_000_000 * 16 ** (random.below(1_000) / 1_000)));
}

function callOf(nanos: number): Parameters<EdgeCell["add"]>[0] {
  const serverNanos = Math.floor(nanos * 0.9);
  return {
    callCount: 1,
    errorCount: 0,
    facts: {
      clientNanos: nanos,
      serverNanos,
      gapNanos: nanos - serverNanos,
      isGapClamped: false,
      delayNanos: -1,
      isClientError: false,
      isServerError: false,
      isRetry: false,
    },
  };
}

function contextOver(live: LiveStatistics, nowSeconds: () => number): QueryContext {
  const store = createMemoryStore();
  return {
    reader: store,
    catalogue: store,
    statistics: store,
    live: () => live,
    clock: { nowMillis: () => nowSeconds() * 1_000 },
    answerLimits: DEFAULT_ANSWER_LIMITS,
  };
}

/** @param prepare - what happens before each, unmeasured */
async function timesOf(ask: () => Promise<unknown>, prepare?: () => void): Promise<number> {
  const millis: number[] = [];
  for (let run = 0; run <= QUERIES; run++) {
    prepare?.();
    const startedMillis = performance.now();
    await ask();
    if (run > 0) millis.push(performance.now() - startedMillis);
  }
  return percentilesOf(millis).p95;
}
