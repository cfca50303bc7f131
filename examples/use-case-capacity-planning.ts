/**
 * Capacity planning: load, durations and error rate of each service.
 * Run it with `npm run build && node dist/examples/use-case-capacity-planning.js`. It prints:
 *
 * > api-gateway:
 * >   Total spans: 20
 * >   Avg duration: 212.00ms
 * >   Error rate: 0.00%
 * >   Operations: POST /orders
 * > order-service:
 * >   Total spans: 40
 * >   Avg duration: 106.00ms
 * >   Error rate: 0.00%
 * >   Operations: INSERT orders, place_order
 * > payment-service:
 * >   Total spans: 20
 * >   Avg duration: 112.00ms
 * >   Error rate: 10.00%
 * >   Operations: charge
 */

import { aggregatorWithSamples } from "./sample-traces.ts";

const statistics = aggregatorWithSamples().getServiceStatistics();
for (const [service, each] of Object.entries(statistics)) {
  console.log(`${service}:`);
  console.log(`  Total spans: ${each.spanCount}`);
  console.log(`  Avg duration: ${each.avgDurationMs.toFixed(2)}ms`);
  console.log(`  Error rate: ${((each.errorCount / each.spanCount) * 100).toFixed(2)}%`);
  console.log(`  Operations: ${each.operations.join(", ")}`);
}
