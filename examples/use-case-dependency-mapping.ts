/**
 * Dependency mapping: who calls whom over many traces, databases included.
 * Run it with `npm run build && node dist/examples/use-case-dependency-mapping.js`. It prints:
 *
 * > api-gateway depends on: order-service
 * > order-service depends on: payment-service
 * > With errors and databases:
 * >   api-gateway -> order-service (rpc): 20 calls, 0 failed
 * >   order-service -> orders (database): 20 calls, 0 failed
 * >   order-service -> payment-service (rpc): 20 calls, 2 failed
 */

import { dependencyLinks, mergeDependencyLinks, TraceDependencyAnalyzer } from "tracagg";
import { aggregatorWithSamples } from "./sample-traces.ts";

const traces = aggregatorWithSamples().completedTraces;
const analyzer = new TraceDependencyAnalyzer();
for (const trace of traces) analyzer.analyzeTrace(trace);
for (const [service, dependencies] of Object.entries(analyzer.getServiceGraph())) {
  console.log(`${service} depends on: ${dependencies.join(", ")}`);
}

console.log("With errors and databases:");
for (const link of mergeDependencyLinks(traces.map(dependencyLinks))) {
  const calls = `${link.callCount} calls, ${link.errorCount} failed`;
  console.log(`  ${link.fromService} -> ${link.toService} (${link.type}): ${calls}`);
}
