/**
 * One order through a gateway, an auth, an order and a payment service and a database: collected, completed, analysed.
 * Run it with `npm run build && node dist/examples/order-flow.js`. It prints:
 *
 * > Trace completed:
 * >   Duration: 500ms
 * >   Services: api-gateway, auth-service, order-service, payment-service
 * >   Spans: 5
 * > Service dependencies:
 * >   api-gateway -> auth-service
 * >   api-gateway -> order-service
 * >   order-service -> payment-service
 * > Dependencies with databases and peers:
 * >   api-gateway -> auth-service (rpc)
 * >   api-gateway -> order-service (rpc)
 * >   order-service -> payment-service (rpc)
 * >   order-service -> postgresql (database)
 * > Longest path:
 * >   api-gateway:GET /orders (500ms)
 * >   order-service:get_orders (300ms)
 * >   order-service:SELECT orders (200ms)
 * > What the answer waited for:
 * >   order-service:SELECT orders 200ms, 40%
 * >   api-gateway:GET /orders 150ms, 30%
 * >   payment-service:check_payment_status 100ms, 20%
 * >   auth-service:verify_token 50ms, 10%
 */

import { createSpan, createTraceId, SpanKind, TraceAggregator, TraceDependencyAnalyzer } from "tracagg";

const aggregator = new TraceAggregator();
const dependencyAnalyzer = new TraceDependencyAnalyzer();

const traceId = createTraceId();
const start = BigInt(Date.now()) * 1_000_000n;
const after = (millis: number): bigint => start + BigInt(millis) * 1_000_000n;

// The gateway receives the request,
const apiSpan = createSpan({
  traceId,
  serviceName: "api-gateway",
  operationName: "GET /orders",
  startTime: after(0),
  durationMs: 500,
  kind: SpanKind.SERVER,
  attributes: { "http.request.method": "GET", "url.path": "/orders", "user.id": "123" },
});

// the auth service verifies the token,
const authSpan = createSpan({
  traceId,
  serviceName: "auth-service",
  operationName: "verify_token",
  startTime: after(50),
  durationMs: 50,
  parentSpanId: apiSpan.spanId,
});

// the order service fetches orders
const orderSpan = createSpan({
  traceId,
  serviceName: "order-service",
  operationName: "get_orders",
  startTime: after(150),
  durationMs: 300,
  parentSpanId: apiSpan.spanId,
  kind: SpanKind.SERVER,
});

// from its database,
const databaseSpan = createSpan({
  traceId,
  serviceName: "order-service",
  operationName: "SELECT orders",
  startTime: after(150),
  durationMs: 200,
  parentSpanId: orderSpan.spanId,
  kind: SpanKind.CLIENT,
  attributes: { "db.system.name": "postgresql", "db.query.text": "SELECT * FROM orders" },
});

// and the payment service is asked how each was paid.
const paymentSpan = createSpan({
  traceId,
  serviceName: "payment-service",
  operationName: "check_payment_status",
  startTime: after(350),
  durationMs: 100,
  parentSpanId: orderSpan.spanId,
  kind: SpanKind.CLIENT,
});

aggregator.ingestSpans([apiSpan, authSpan, orderSpan, databaseSpan, paymentSpan]);
const trace = aggregator.completeTrace(traceId);
if (trace === undefined) throw new Error("the trace just ingested is not there");

console.log("Trace completed:");
console.log(`  Duration: ${trace.durationMs}ms`);
console.log(`  Services: ${trace.services.join(", ")}`);
console.log(`  Spans: ${trace.spanCount}`);

dependencyAnalyzer.analyzeTrace(trace);
console.log("Service dependencies:");
for (const { fromService, toService } of dependencyAnalyzer.getDependencies()) {
  console.log(`  ${fromService} -> ${toService}`);
}
console.log("Dependencies with databases and peers:");
for (const { fromService, toService, type } of dependencyAnalyzer.dependencyLinks(trace)) {
  console.log(`  ${fromService} -> ${toService} (${type})`);
}

console.log("Longest path:");
for (const span of dependencyAnalyzer.findCriticalPath(trace)) {
  console.log(`  ${span.serviceName}:${span.operationName} (${span.durationMs}ms)`);
}
console.log("What the answer waited for:");
for (const part of dependencyAnalyzer.criticalPath(trace).byOperation) {
  const millis = Number(part.durationNanos) / 1e6;
  console.log(`  ${part.service}:${part.operation} ${millis}ms, ${(part.share * 100).toFixed(0)}%`);
}
