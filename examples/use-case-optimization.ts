/**
 * Optimisation: the slowest operations, the bottlenecks of the slowest trace, and what its answer waited for.
 * Run it with `npm run build && node dist/examples/use-case-optimization.js`. It prints:
 *
 * > 20 traces, error rate 10.00%, median 140ms, P95 500ms
 * > api-gateway:POST /orders P95=500ms P99=500ms count=20
 * > order-service:place_order P95=480ms P99=480ms count=20
 * > payment-service:charge P95=400ms P99=400ms count=20
 * > order-service:INSERT orders P95=20ms P99=20ms count=20
 * > Over 100ms in the slowest trace:
 * >   api-gateway:POST /orders 500ms, 100.0% of the trace
 * >   order-service:place_order 480ms, 96.0% of the trace
 * >   payment-service:charge 400ms, 80.0% of the trace
 * > A faster payment-service:charge would help most: 80.0% of the critical path
 */

import { criticalPath, TracePerformanceAnalyzer } from "tracagg";
import { aggregatorWithSamples } from "./sample-traces.ts";

const aggregator = aggregatorWithSamples();
const analyzer = new TracePerformanceAnalyzer();
const results = analyzer.analyzeTraces(aggregator.completedTraces);

const errorRate = (results.errorRate * 100).toFixed(2);
const median = `${results.medianDurationMs}ms`;
console.log(
  `${results.totalTraces} traces, error rate ${errorRate}%, median ${median}, P95 ${results.p95DurationMs}ms`,
);
for (const each of results.slowestOperations.slice(0, 5)) {
  const percentiles = `P95=${each.p95Ms}ms P99=${each.p99Ms}ms`;
  console.log(`${each.service}:${each.operation} ${percentiles} count=${each.count}`);
}

const [slowest] = aggregator.queryTraces({ minDurationMs: results.maxDurationMs });
if (slowest === undefined) throw new Error("no trace is as slow as the slowest");
console.log("Over 100ms in the slowest trace:");
for (const each of analyzer.identifyBottlenecks(slowest, 100)) {
  const share = `${each.percentageOfTrace.toFixed(1)}% of the trace`;
  console.log(`  ${each.service}:${each.operation} ${each.durationMs}ms, ${share}`);
}

const [most] = criticalPath(slowest).byOperation;
if (most === undefined) throw new Error("the slowest trace has no critical path");
const share = (most.share * 100).toFixed(1);
console.log(`A faster ${most.service}:${most.operation} would help most: ${share}% of the critical path`);
