/**
 * Tracing an HTTP request by hand: time it, make a CLIENT span of it, hand it to the aggregator.
 * Run it with `npm run build && node dist/examples/trace-http-request.js`. It prints:
 *
 * > GET /users -> 200 (UNSET)
 * > GET /broken -> 500 (ERROR)
 * > Spans in the trace: 3
 */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Span } from "tracagg";
import { createSpan, createTraceId, SpanKind, SpanStatus, TraceAggregator } from "tracagg";

const aggregator = new TraceAggregator();

async function traceHttpRequest(
  method: string,
  url: URL,
  traceId: string,
  parentSpanId?: string,
): Promise<Span> {
  const startTime = new Date();
  const started = performance.now();
  const response = await fetch(url, { method });
  await response.arrayBuffer();
  const span = createSpan({
    traceId,
    serviceName: "http-client",
    operationName: `${method} ${url.pathname}`,
    startTime,
    durationMs: performance.now() - started,
    parentSpanId,
    kind: SpanKind.CLIENT,
    status: response.status >= 400 ? SpanStatus.ERROR : SpanStatus.UNSET,
    attributes: {
      "http.request.method": method,
      "url.full": url.href,
      "server.address": url.hostname,
      "http.response.status_code": BigInt(response.status),
    },
  });
  aggregator.ingestSpan(span);
  return span;
}

// A server to ask, so that the example needs no network.
const server = createServer((request, response) => {
  response.writeHead(request.url === "/broken" ? 500 : 200).end("{}");
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const traceId = createTraceId();
const job = createSpan({ traceId, serviceName: "http-client", operationName: "job", durationMs: 0 });
aggregator.ingestSpan(job);
for (const path of ["/users", "/broken"]) {
  const span = await traceHttpRequest("GET", new URL(path, base), traceId, job.spanId);
  console.log(`${span.operationName} -> ${span.attributes["http.response.status_code"]} (${span.status})`);
}
console.log(`Spans in the trace: ${aggregator.completeTrace(traceId)?.spanCount}`);
server.close();
