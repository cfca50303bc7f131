/**
 * Tracing a database query by hand: time it, make a CLIENT span of it, hand it to the aggregator.
 * Run it with `npm run build && node dist/examples/trace-database-query.js`. It prints:
 *
 * > rows: 2
 * > query: SELECT name FROM users WHERE active (postgresql)
 * > user-service -> users (database), calls: 1
 */

import { setTimeout } from "node:timers/promises";
import { createSpan, createTraceId, dependencyLinks, SpanKind, SpanStatus, TraceAggregator } from "tracagg";

const aggregator = new TraceAggregator();

/** Runs `execute` and traces it, whether it succeeds or fails. */
async function traceDatabaseQuery<Result>(
  query: string,
  traceId: string,
  parentSpanId: string,
  execute: () => Promise<Result>,
): Promise<Result> {
  const startTime = new Date();
  const started = performance.now();
  let status: SpanStatus = SpanStatus.ERROR;
  try {
    const result = await execute();
    status = SpanStatus.UNSET;
    return result;
  } finally {
    aggregator.ingestSpan(
      createSpan({
        traceId,
        serviceName: "user-service",
        operationName: "query",
        startTime,
        durationMs: performance.now() - started,
        parentSpanId,
        kind: SpanKind.CLIENT,
        status,
        attributes: { "db.system.name": "postgresql", "db.namespace": "users", "db.query.text": query },
      }),
    );
  }
}

/** Stands for a database driver. */
async function driver(): Promise<readonly string[]> {
  await setTimeout(5);
  return ["Ada", "Grace"];
}

const traceId = createTraceId();
const request = createSpan({
  traceId,
  serviceName: "user-service",
  operationName: "GET /users",
  durationMs: 10,
  kind: SpanKind.SERVER,
});
aggregator.ingestSpan(request);
const rows = await traceDatabaseQuery("SELECT name FROM users WHERE active", traceId, request.spanId, driver);
console.log(`rows: ${rows.length}`);

const trace = aggregator.completeTrace(traceId);
if (trace === undefined) throw new Error("the trace just ingested is not there");
const query = trace.spans.find((span) => span.kind === SpanKind.CLIENT);
console.log(`query: ${query?.attributes["db.query.text"]} (${query?.attributes["db.system.name"]})`);
for (const link of dependencyLinks(trace)) {
  console.log(`${link.fromService} -> ${link.toService} (${link.type}), calls: ${link.callCount}`);
}
