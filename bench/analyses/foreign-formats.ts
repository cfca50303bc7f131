/** `npm run bench -- --formats`: what Zipkin's JSON costs on the way in, and Jaeger's JSON of a large trace on the way out. */

import { randomBytes } from "node:crypto";
import { encodeSpans } from "../../src/codec/otlp-protobuf/encode-request.ts";
import { zipkinSpansFromSpans } from "../../src/codec/zipkin-json/encode.ts";
import type { Span } from "../../src/model/span.ts";
import { withTemporaryFolder } from "../machine/child-process.ts";
import { describeMachine } from "../machine/describe-machine.ts";
import { pinningHere, pinSelf } from "../machine/pinning.ts";
import { percentilesOf } from "../percentiles.ts";
import { corpusSpans } from "../queries/corpus-spans.ts";
import { createQueryClient } from "../queries/query-client.ts";
import { markdownTable, numberText } from "../report/table.ts";
import { cpuMicrosPerSpan } from "../scenarios/ingest.ts";
import type { TracAggServer } from "../targets/tracagg-server.ts";
import { startTracAgg } from "../targets/tracagg-server.ts";

const SPANS = 200_000;
const SPANS_PER_REQUEST = 500;
const CONCURRENCY = 8;
const LARGE_TRACE_SPANS = 10_000;
const LARGE_TRACE_RUNS = 20;
const ZIPKIN_GOAL_MICROS = 15;
const LARGE_TRACE_GOAL_MILLIS = 300;

/** Measures; the report as Markdown. */
export async function runForeignFormats(
  corpusFolder: string | undefined,
  say: (text: string) => void,
): Promise<string> {
  const spans = corpusSpans(corpusFolder);
  const pinning = pinningHere(true);
  pinSelf(pinning.cores?.load);
  return await withTemporaryFolder(async (folder) => {
    const server = await startTracAgg(folder, pinning.cores?.server);
    try {
      say(`sending ${numberText(SPANS)} spans as Zipkin JSON`);
      const zipkin = await zipkinIn(server, spans);
      say(`reading a trace of ${numberText(LARGE_TRACE_SPANS)} spans as Jaeger JSON`);
      const large = await largeTraceOut(server, spans);
      return report([...zipkin, ...large], pinning.note);
    } finally {
      await server.stop();
    }
  });
}

type Row = readonly [what: string, value: number | undefined, goal?: number];

function report(rows: readonly Row[], pinningNote: string): string {
  const table = markdownTable(
    ["what", "goal", "measured"],
    rows.map(([what, value, goal]) => [what, numberText(goal) ?? "", numberText(value, 1) ?? "not measured"]),
  );
  const lines = [
    `- Machine: ${describeMachine()}`,
    `- Cores: ${pinningNote}`,
    `- Zipkin v2 JSON: ${numberText(SPANS)} spans of the corpus, ${SPANS_PER_REQUEST} a request, ${CONCURRENCY} requests in flight, other trace ids in each pass`,
    "- CPU is the server's user and system time; an acknowledgement comes after its spans are synced to disk",
    "",
    ...table,
  ];
  return `${lines.join("\n")}\n`;
}

async function zipkinIn(server: TracAggServer, spans: readonly Span[]): Promise<Row[]> {
  const url = new URL("/zipkin/api/v2/spans", server.ui);
  const bodies = zipkinBodies(spans);
  const before = server.readings();
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < bodies.length; index = next++) {
      const body = bodies[index] as string;
      const answer = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body,
      });
      if (answer.status !== 202) throw new Error(`Zipkin: HTTP ${answer.status} ${await answer.text()}`);
      await answer.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  const acked = server.readings();
  await server.settled();
  const settled = server.readings();
  const sent = bodies.length * SPANS_PER_REQUEST;
  const goal = ZIPKIN_GOAL_MICROS;
  return [
    [
      "Zipkin v2 JSON in, CPU us a span, at the last acknowledgement",
      cpuMicrosPerSpan(before, acked, sent),
      goal,
    ],
    ["the same until nothing is being sealed", cpuMicrosPerSpan(before, settled, sent)],
  ];
}

/** Made before anything is measured: making them is no part of it. */
function zipkinBodies(spans: readonly Span[]): string[] {
  const zipkinSpans = zipkinSpansFromSpans(spans);
  const bodies: string[] = [];
  for (let first = 0; bodies.length * SPANS_PER_REQUEST < SPANS; first += SPANS_PER_REQUEST) {
    const request = Array.from({ length: SPANS_PER_REQUEST }, (_, index) => {
      const pass = Math.floor((first + index) / zipkinSpans.length);
      const span = zipkinSpans[(first + index) % zipkinSpans.length] as (typeof zipkinSpans)[number];
      return { ...span, traceId: passId(span.traceId, pass) };
    });
    bodies.push(JSON.stringify(request));
  }
  return bodies;
}

/** Another trace id for each pass over the corpus. */
function passId(traceId: string, pass: number): string {
  return `${(pass + 1).toString(16).padStart(8, "0")}${traceId.padStart(32, "0").slice(8)}`;
}

async function largeTraceOut(server: TracAggServer, spans: readonly Span[]): Promise<Row[]> {
  const traceId = randomBytes(16).toString("hex");
  const trace = Array.from({ length: LARGE_TRACE_SPANS }, (_, index) => ({
    ...(spans[index % spans.length] as Span),
    traceId,
    spanId: (index + 1).toString(16).padStart(16, "0"),
    parentSpanId:
      index === 0
        ? undefined
        : Math.ceil(index / 4)
            .toString(16)
            .padStart(16, "0"),
  }));
  const sent = await fetch(`${server.endpoints.http}/v1/traces`, {
    method: "POST",
    headers: { "Content-Type": "application/x-protobuf" },
    body: encodeSpans(trace),
  });
  if (sent.status !== 200) throw new Error(`OTLP: HTTP ${sent.status} ${await sent.text()}`);
  const client = createQueryClient(server.ui);
  const millis: number[] = [];
  try {
    for (let run = 0; run <= LARGE_TRACE_RUNS; run++) {
      const answer = await client.get(`/api/traces/${traceId}`);
      if (answer.status !== 200) throw new Error(`Jaeger JSON: HTTP ${answer.status}`);
      if (run > 0) millis.push(answer.millis);
    }
  } finally {
    client.close();
  }
  const { p50, p95 } = percentilesOf(millis);
  const what = `trace of ${numberText(LARGE_TRACE_SPANS)} spans as Jaeger JSON`;
  return [
    [`${what}, p50 ms`, p50],
    [`${what}, p95 ms`, p95, LARGE_TRACE_GOAL_MILLIS],
  ];
}
