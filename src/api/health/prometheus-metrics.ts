/** The metrics port over a Prometheus registry of its own. */

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Metrics } from "../../base/metrics.ts";

/** Metrics that can be scraped. */
export interface RenderedMetrics extends Metrics {
  /** All metrics in the Prometheus text format. */
  render(): Promise<string>;
  /** Media type of {@link RenderedMetrics.render}. */
  readonly contentType: string;
}

/**
 * Makes a registry for one server, with the process metrics of the Prometheus conventions (CPU, memory, open files,
 * garbage collection) and the event-loop delay (`nodejs_eventloop_lag_*`).
 *
 * A counter or histogram asked for again under the same name is the one there is; a gauge asked for again is read anew.
 *
 * @example
 * const metrics = createPrometheusMetrics();
 * metrics.counter({ name: "tracagg_received_spans_total", help: "Spans accepted." }).add(12);
 */
export function createPrometheusMetrics(): RenderedMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return {
    contentType: registry.contentType,
    render: () => registry.metrics(),
    counter: ({ name, help, labelNames = [] }) => {
      const known = registry.getSingleMetric(name) as Counter | undefined;
      const counter = known ?? new Counter({ name, help, labelNames, registers: [registry] });
      return { add: (value, labels) => counter.inc(labels ?? {}, value) };
    },
    histogram: ({ name, help, labelNames = [], buckets }) => {
      const known = registry.getSingleMetric(name) as Histogram | undefined;
      const histogram =
        known ?? new Histogram({ name, help, labelNames, buckets: [...buckets], registers: [registry] });
      return { observe: (value, labels) => histogram.observe(labels ?? {}, value) };
    },
    gauge: ({ name, help }, read) => {
      registry.removeSingleMetric(name);
      const gauge: Gauge = new Gauge({
        name,
        help,
        registers: [registry],
        collect: () => gauge.set(read()),
      });
    },
  };
}
