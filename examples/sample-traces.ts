/** Twenty orders for the use cases: every fifth pays slowly, every tenth fails. */

import { createSpan, createTraceId, SpanKind, SpanStatus, TraceAggregator } from "tracagg";

/** An aggregator that holds the completed sample traces. */
export function aggregatorWithSamples(): TraceAggregator {
  const aggregator = new TraceAggregator();
  const now = BigInt(Date.now()) * 1_000_000n;
  for (let order = 1; order <= 20; order++)
    ingestOrder(aggregator, order, now + BigInt(order) * 1_000_000_000n);
  return aggregator;
}

function ingestOrder(aggregator: TraceAggregator, order: number, startTime: bigint): void {
  const traceId = createTraceId();
  const payMs = order % 5 === 0 ? 400 : 40;
  const status = order % 10 === 0 ? SpanStatus.ERROR : SpanStatus.UNSET;
  const gateway = createSpan({
    traceId,
    serviceName: "api-gateway",
    operationName: "POST /orders",
    startTime,
    durationMs: payMs + 100,
    kind: SpanKind.SERVER,
  });
  const orders = createSpan({
    traceId,
    serviceName: "order-service",
    operationName: "place_order",
    startTime: startTime + 10_000_000n,
    durationMs: payMs + 80,
    parentSpanId: gateway.spanId,
    kind: SpanKind.SERVER,
  });
  const insert = createSpan({
    traceId,
    serviceName: "order-service",
    operationName: "INSERT orders",
    startTime: startTime + 20_000_000n,
    durationMs: 20,
    parentSpanId: orders.spanId,
    kind: SpanKind.CLIENT,
    attributes: { "db.system.name": "postgresql", "db.namespace": "orders" },
  });
  const payment = createSpan({
    traceId,
    serviceName: "payment-service",
    operationName: "charge",
    startTime: startTime + 50_000_000n,
    durationMs: payMs,
    parentSpanId: orders.spanId,
    kind: SpanKind.SERVER,
    status,
    statusMessage: status === SpanStatus.ERROR ? "card declined" : "",
  });
  aggregator.ingestSpans([gateway, orders, insert, payment]);
  aggregator.completeTrace(traceId);
}
