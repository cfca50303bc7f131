/** Metrics that a test can read. */

import type { Counter, Histogram, MetricOptions, Metrics } from "../../src/base/metrics.ts";

/** Keeps sums by name and labels. */
export class RecordingMetrics implements Metrics {
  readonly #sums = new Map<string, Map<string, number>>();
  readonly #gauges = new Map<string, () => unknown>();

  counter({ name }: MetricOptions): Counter {
    if (this.#sums.has(name)) throw new Error(`${name} is registered twice`);
    this.#sums.set(name, new Map());
    return { add: (value, labels = {}) => this.#add(name, labels, value) };
  }

  histogram(options: MetricOptions): Histogram {
    const count = this.counter(options);
    return { observe: (_value, labels) => count.add(1, labels) };
  }

  gauge({ name }: MetricOptions, read: () => unknown): void {
    this.#gauges.set(name, read);
  }

  /** Sum over all labels, or over those that have the given values. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    const wanted = Object.entries(labels).map(([key, value]) => `${key}=${value};`);
    return [...(this.#sums.get(name) as Map<string, number>)]
      .filter(([key]) => wanted.every((part) => key.includes(part)))
      .reduce((total, [, value]) => total + value, 0);
  }

  gaugeValue(name: string): number {
    return (this.#gauges.get(name) as () => number)();
  }

  #add(name: string, labels: Readonly<Record<string, string>>, value: number): void {
    const key = Object.entries(labels)
      .map(([label, text]) => `${label}=${text};`)
      .join("");
    const sums = this.#sums.get(name) as Map<string, number>;
    sums.set(key, (sums.get(key) ?? 0) + value);
  }
}
