/** The metrics port: rooms count through it, the server gives it a Prometheus registry. */

/** A number that only grows. */
export interface Counter {
  /** `labels` must use exactly the label names the counter was made with. */
  add(value: number, labels?: Readonly<Record<string, string>>): void;
}

/** A distribution of seconds or bytes. */
export interface Histogram {
  observe(value: number, labels?: Readonly<Record<string, string>>): void;
}

/** Name (`tracagg_..._total`, `..._seconds`, `..._bytes`), help sentence and label names of a metric. */
export interface MetricOptions {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly string[];
}

/** Makes metrics; one instance per server, so two servers in one process do not share numbers. */
export interface Metrics {
  counter(options: MetricOptions): Counter;
  /** `buckets` are upper bounds, ascending. */
  histogram(options: MetricOptions & { readonly buckets: readonly number[] }): Histogram;
  /** `read` is called at each scrape; a gauge with labels gives one number for each set of label values. */
  gauge(options: MetricOptions, read: () => number | readonly LabelledNumber[]): void;
}

/** One number of a gauge with labels. */
export interface LabelledNumber {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Metrics nobody reads: the default of parts used without a server. */
export const silentMetrics: Metrics = Object.freeze({
  counter: () => ({ add: () => {} }),
  histogram: () => ({ observe: () => {} }),
  gauge: () => {},
});
