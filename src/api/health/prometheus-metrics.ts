/** The metrics port over a Prometheus registry of its own. */

import type { Metric, OpenMetricsContentType } from "prom-client";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Counter as CounterPort, MetricOptions, Metrics } from "../../base/metrics.ts";
import { EventLoopDelay } from "./event-loop-delay.ts";
import type { MetricsFormat } from "./live-metrics.ts";

/** Metrics that can be scraped. */
export interface RenderedMetrics extends Metrics {
  /**
   * All metrics as text, in the Prometheus format unless the other is asked for.
   *
   * @param more - families of the same format that are put behind them
   */
  render(format?: MetricsFormat, more?: string): Promise<string>;
  /** Media type of {@link RenderedMetrics.render}. */
  contentTypeOf(format: MetricsFormat): string;
}

/**
 * Makes a registry for one server, with the process metrics of the Prometheus conventions (CPU, memory, open files,
 * garbage collection) and the event-loop delay (`tracagg_event_loop_delay_seconds`, see {@link EventLoopDelay}).
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
  exposeDelay(registry);
  const counters = new Map<string, ScrapedCounter>();
  return {
    contentTypeOf: (format) =>
      format === "openmetrics" ? Registry.OPENMETRICS_CONTENT_TYPE : registry.contentType,
    render: async (format = "prometheus", more = "") =>
      format === "openmetrics" ? openMetricsText(registry, more) : `${await registry.metrics()}${more}`,
    counter: (options) => {
      const known = counters.get(options.name);
      if (known !== undefined) return known;
      const counter = new ScrapedCounter(options, registry);
      counters.set(options.name, counter);
      return counter;
    },
    histogram: ({ name, help, labelNames = [], buckets }) => {
      const known = registry.getSingleMetric(name) as Histogram | undefined;
      const histogram =
        known ?? new Histogram({ name, help, labelNames, buckets: [...buckets], registers: [registry] });
      return { observe: (value, labels) => histogram.observe(labels ?? {}, value) };
    },
    gauge: ({ name, help, labelNames = [] }, read) => {
      registry.removeSingleMetric(name);
      const gauge: Gauge = new Gauge({
        name,
        help,
        labelNames,
        registers: [registry],
        collect: () => {
          const now = read();
          if (typeof now === "number") gauge.set(now);
          else for (const { labels, value } of now) gauge.set({ ...labels }, value);
        },
      });
    },
  };
}

const END_MARK = "# EOF\n";

/** The same metrics in a registry of the other format: a registry writes one only. */
async function openMetricsText(registry: Registry, more: string): Promise<string> {
  const open = new Registry<OpenMetricsContentType>();
  open.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  // What it lists are the metrics themselves, whatever their declared type.
  for (const metric of registry.getMetricsAsArray()) open.registerMetric(metric as unknown as Metric);
  const text = await open.metrics();
  return `${text.endsWith(END_MARK) ? text.slice(0, -END_MARK.length) : text}${more}${END_MARK}`;
}

function exposeDelay(registry: Registry): void {
  const delay = new EventLoopDelay();
  const gauge: Gauge = new Gauge({
    name: "tracagg_event_loop_delay_seconds",
    help: "How late the event loop was in the last one to two minutes, by quantile; 1 is the longest delay.",
    labelNames: ["quantile"],
    registers: [registry],
    collect: () => {
      for (const { quantile, seconds } of delay.quantiles())
        gauge.set({ quantile: String(quantile) }, seconds);
    },
  });
}

type Labels = Readonly<Record<string, string>>;

/** What was added under one set of label values since the last scrape. */
interface Pending {
  readonly labels: Labels;
  value: number;
}

/**
 * Adds up between scrapes and tells Prometheus at each: its client hashes the labels of every addition, and a request
 * has several.
 */
class ScrapedCounter implements CounterPort {
  readonly #labelNames: readonly string[];
  readonly #pending = new Map<string, Pending>();

  constructor({ name, help, labelNames = [] }: MetricOptions, registry: Registry) {
    this.#labelNames = labelNames;
    const counter: Counter = new Counter({
      name,
      help,
      labelNames,
      registers: [registry],
      collect: () => {
        for (const pending of this.#pending.values()) {
          counter.inc(pending.labels, pending.value);
          pending.value = 0;
        }
      },
    });
  }

  add(value: number, labels: Labels = NO_LABELS): void {
    const key = this.#keyOf(labels);
    let pending = this.#pending.get(key);
    if (pending === undefined) {
      pending = { labels, value: 0 };
      this.#pending.set(key, pending);
    }
    pending.value += value;
  }

  #keyOf(labels: Labels): string {
    const [first, ...others] = this.#labelNames;
    if (first === undefined) return "";
    let key = labels[first] ?? "";
    for (const name of others) key += `\0${labels[name] ?? ""}`;
    return key;
  }
}

const NO_LABELS: Labels = Object.freeze({});
