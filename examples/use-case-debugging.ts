/**
 * Debugging: which requests failed, and where in them.
 * Run it with `npm run build && node dist/examples/use-case-debugging.js`. It prints:
 *
 * > Traces with errors: 2
 * > 1 of 4 spans failed
 * >   Error in payment-service:charge: card declined
 * > 1 of 4 spans failed
 * >   Error in payment-service:charge: card declined
 */

import { SpanStatus } from "tracagg";
import { aggregatorWithSamples } from "./sample-traces.ts";

const errorTraces = aggregatorWithSamples().queryTraces({ hasErrors: true });
console.log(`Traces with errors: ${errorTraces.length}`);
for (const trace of errorTraces) {
  const errorSpans = trace.spans.filter((span) => span.status === SpanStatus.ERROR);
  console.log(`${errorSpans.length} of ${trace.spanCount} spans failed`);
  for (const span of errorSpans) {
    console.log(`  Error in ${span.serviceName}:${span.operationName}: ${span.statusMessage}`);
  }
}
