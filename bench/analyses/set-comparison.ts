/** `npm run bench -- --comparison`: what it takes to compare 10,000 traces, and whether the fault is found. */

import { Cohort } from "../../src/analysis/compare/cohort.ts";
import { compareCohorts } from "../../src/analysis/compare/compare-cohorts.ts";
import { addTrace } from "../../src/analysis/compare/trace-facts.ts";
import { slowTraces } from "../../src/analysis/compare/trace-sides.ts";
import { systemClock } from "../../src/base/clock.ts";
import { silentMetrics } from "../../src/base/metrics.ts";
import { createSeededRandom } from "../../src/cli/demo/seeded-random.ts";
import { createShop } from "../../src/cli/demo/shop.ts";
import { encodeSpans } from "../../src/codec/otlp-protobuf/encode-request.ts";
import { OtlpRequestDecoder } from "../../src/codec/otlp-protobuf/request-decoder.ts";
import type { Span } from "../../src/model/span.ts";
import { createQueries } from "../../src/query/queries.ts";
import { createMemoryStore } from "../../src/store/memory/memory-store.ts";
import type { Way } from "../experiments/measure.ts";
import { measureWays } from "../experiments/measure.ts";
import { describeMachine } from "../machine/describe-machine.ts";
import { markdownTable, numberText } from "../report/table.ts";

const TRACES = 10_000;
const ROUNDS = 5;
const SLOW_PERCENT = 5;
const SEED = 1;
const FIRST_END_UNIX_MILLIS = 1_700_000_000_000;
const VISIT_MILLIS = 100;
const SPANS_PER_REQUEST = 1_000;

/** Measures; the report as Markdown. */
export async function runSetComparison(say: (text: string) => void): Promise<string> {
  const traces = demoTraces();
  const spanCount = traces.reduce((sum, spans) => sum + spans.length, 0);
  say(`comparing ${TRACES} traces of ${spanCount} spans`);
  const { ways, found } = await waysOf(traces);
  const figures = await measureWays(ways, ROUNDS);
  const table = markdownTable(
    ["step", "CPU ms", "wall ms"],
    figures.map(({ name, cpuMicros, wallMicros }) => [
      name,
      numberText(cpuMicros / 1_000, 1),
      numberText(wallMicros / 1_000, 1),
    ]),
  );
  const lines = [
    `- Machine: ${describeMachine()}`,
    `- Corpus: ${numberText(TRACES)} traces of the demo shop (seed ${SEED}), ${numberText(spanCount)} spans`,
    `- The slowest ${SLOW_PERCENT} % against the rest; medians of ${ROUNDS} rounds`,
    `- Found first: ${found()}`,
    "",
    ...table,
  ];
  return `${lines.join("\n")}\n`;
}

/** Visits of the demo shop, by trace. */
function demoTraces(): (readonly Span[])[] {
  const shop = createShop(createSeededRandom(SEED));
  const traces = new Map<string, Span[]>();
  for (let visit = 0; traces.size < TRACES; visit++) {
    for (const span of shop.visit(FIRST_END_UNIX_MILLIS + visit * VISIT_MILLIS)) {
      const spans = traces.get(span.traceId) ?? [];
      traces.set(span.traceId, spans);
      spans.push(span);
    }
  }
  return [...traces.values()].slice(0, TRACES);
}

async function waysOf(
  traces: readonly (readonly Span[])[],
): Promise<{ readonly ways: readonly Way[]; readonly found: () => string }> {
  const store = createMemoryStore();
  await store.start();
  const decoder = new OtlpRequestDecoder();
  for (const [position, spans] of requestsOf(traces).entries()) {
    const { batch } = decoder.decode(encodeSpans(spans));
    store.append({ batch, position, arrivalUnixMillis: FIRST_END_UNIX_MILLIS });
  }
  const queries = createQueries({
    reader: store,
    catalogue: store,
    statistics: store,
    metrics: silentMetrics,
    clock: systemClock,
  });
  const cohort = new Cohort();
  for (const spans of traces) addTrace(cohort, { spans });
  const sides = slowTraces(cohort, SLOW_PERCENT / 100);
  let found = "";
  const ways: Way[] = [
    {
      name: "comparing the sets, their facts being there",
      run: () => {
        const [first] = compareCohorts(cohort, sides).attributes;
        found = `${first?.key}=${first?.value}`;
        return undefined;
      },
    },
    {
      name: "the whole answer: reading the traces, their facts, comparing",
      run: async () => {
        await queries.compareSets({ filter: {}, selection: { kind: "slow", percent: SLOW_PERCENT } });
        return undefined;
      },
    },
  ];
  return { ways, found: () => found };
}

function requestsOf(traces: readonly (readonly Span[])[]): (readonly Span[])[] {
  const requests: Span[][] = [[]];
  for (const spans of traces) {
    if ((requests.at(-1)?.length ?? 0) >= SPANS_PER_REQUEST) requests.push([]);
    requests.at(-1)?.push(...spans);
  }
  return requests;
}
