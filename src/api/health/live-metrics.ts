/**
 * Span metrics and service graph for Prometheus, under the names, labels and buckets that Grafana expects of Tempo's
 * metrics generator.
 */

import type { LatencySketch } from "../../analysis/latency-sketch.ts";
import type { Exemplar } from "../../rollup/cells.ts";
import { EdgeCell } from "../../rollup/cells.ts";
import type { LiveStatistics } from "../../rollup/live-statistics.ts";
import { partsOfSeries } from "../../rollup/series.ts";
import type { EdgeKey } from "../../window/edges.ts";

/** Series of spans and edges written at most: a scrape of more is for no Prometheus. */
const MAX_SERIES = 2_000;
/** 2 ms to 16.384 s. */
const SPAN_BOUNDS_SECONDS: readonly number[] = Array.from({ length: 14 }, (_, power) => 0.002 * 2 ** power);
/** 0.1 s to 12.8 s. */
const GRAPH_BOUNDS_SECONDS: readonly number[] = Array.from({ length: 8 }, (_, power) => 0.1 * 2 ** power);
const KINDS = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"];
const STATUSES = ["UNSET", "OK", "ERROR"];
const NANOS_PER_SECOND = 1e9;
/** The client of calls from outside. */
const OUTSIDE = "user";

type Labels = readonly (readonly [name: string, value: string])[];

/** Which text is written; exemplars are OpenMetrics only. */
export type MetricsFormat = "prometheus" | "openmetrics";

/** The text of all series. */
export function liveMetricsText(live: LiveStatistics, format: MetricsFormat): string {
  const writer = new MetricsWriter(format);
  const spans = [...live.totals.spans].slice(0, MAX_SERIES);
  const labelled = spans.map(([series, cell]) => ({ series, cell, labels: spanLabels(live, series) }));
  writer.family("traces_spanmetrics_calls", "counter", "Spans, by service, name, kind and status.");
  for (const { cell, labels } of labelled)
    writer.counter("traces_spanmetrics_calls", labels, cell.durations.count);
  writer.family("traces_spanmetrics_size", "counter", "Encoded bytes of the spans.");
  for (const { series, labels } of labelled) {
    writer.counter("traces_spanmetrics_size", labels, live.totals.bytes.get(series) ?? 0);
  }
  writer.family("traces_spanmetrics_latency", "histogram", "Durations of the spans, in seconds.");
  for (const { cell, labels } of labelled) {
    writer.histogram(
      "traces_spanmetrics_latency",
      labels,
      cell.durations,
      SPAN_BOUNDS_SECONDS,
      cell.exemplar,
    );
  }
  const edges = serviceEdges(live);
  writeGraph(writer, [...edges.values()].slice(0, MAX_SERIES));
  writer.family("traces_target_info", "gauge", "Resources that spans came from in the last 15 minutes.");
  for (const labels of live.targets.labels) writer.value("traces_target_info", labels, 1);
  writer.family("tracagg_targets_left_out", "counter", "Resources that found no room, each time they came.");
  writer.counter("tracagg_targets_left_out", [], live.targets.leftOut);
  writer.family("tracagg_series_left_out", "gauge", "Span and edge series beyond what a scrape holds.");
  const leftOut = Math.max(0, live.totals.spans.size - MAX_SERIES) + Math.max(0, edges.size - MAX_SERIES);
  writer.value("tracagg_series_left_out", [], leftOut);
  return writer.text;
}

interface ServiceEdge {
  readonly labels: Labels;
  readonly cell: EdgeCell;
}

function writeGraph(writer: MetricsWriter, edges: readonly ServiceEdge[]): void {
  const graph = "traces_service_graph_request";
  writer.family(graph, "counter", "Calls between two nodes.");
  for (const { labels, cell } of edges) writer.counter(graph, labels, cell.counts.calls);
  writer.family(`${graph}_failed`, "counter", "Calls in error on either side.");
  for (const { labels, cell } of edges) writer.counter(`${graph}_failed`, labels, cell.counts.errors);
  const sketches = [
    ["client_seconds", "client", "Durations of calls as the caller saw them."],
    ["server_seconds", "server", "Durations of calls as the callee saw them."],
    ["messaging_system_seconds", "delay", "How long messages waited to be taken."],
  ] as const;
  for (const [suffix, name, help] of sketches) {
    writer.family(`${graph}_${suffix}`, "histogram", help);
    for (const { labels, cell } of edges) {
      const sketch = cell.sketches[name];
      const exemplar = name === "delay" ? undefined : cell.exemplar;
      if (sketch !== undefined)
        writer.histogram(`${graph}_${suffix}`, labels, sketch, GRAPH_BOUNDS_SECONDS, exemplar);
    }
  }
}

function spanLabels({ operations }: LiveStatistics, series: number): Labels {
  const { operation, kind, statusCode } = partsOfSeries(series);
  return [
    ["service", operations.service(operation)],
    ["span_name", operations.name(operation)],
    ["span_kind", `SPAN_KIND_${KINDS[kind] as string}`],
    ["status_code", `STATUS_CODE_${STATUSES[statusCode] as string}`],
  ];
}

/** Edges between nodes, whatever their operations. */
function serviceEdges(live: LiveStatistics): Map<string, ServiceEdge> {
  const sums = new Map<string, ServiceEdge>();
  for (const [edge, cell] of live.totals.edges) {
    const labels = edgeLabels(live.edges.key(edge));
    const key = JSON.stringify(labels);
    const sum = sums.get(key) ?? { labels, cell: new EdgeCell() };
    sums.set(key, sum);
    sum.cell.merge(cell);
  }
  return sums;
}

function edgeLabels({ type, fromService, toService }: EdgeKey): Labels {
  const connection = { rpc: "", entry: "virtual_node", messaging: "messaging_system" } as Record<
    string,
    string
  >;
  return [
    ["client", type === "entry" ? OUTSIDE : fromService],
    ["server", toService],
    ["connection_type", connection[type] ?? type],
  ];
}

class MetricsWriter {
  readonly #isOpen: boolean;
  readonly #parts: string[] = [];

  constructor(format: MetricsFormat) {
    this.#isOpen = format === "openmetrics";
  }

  get text(): string {
    return this.#parts.join("");
  }

  family(name: string, type: "counter" | "histogram" | "gauge", help: string): void {
    // OpenMetrics names the family without the suffix of its samples.
    const family = type === "counter" && !this.#isOpen ? `${name}_total` : name;
    this.#parts.push(`# HELP ${family} ${help}\n# TYPE ${family} ${type}\n`);
  }

  counter(name: string, labels: Labels, value: number): void {
    this.value(`${name}_total`, labels, value);
  }

  value(name: string, labels: Labels, value: number): void {
    this.#parts.push(`${name}${labelText(labels)} ${value}\n`);
  }

  histogram(
    name: string,
    labels: Labels,
    sketch: LatencySketch,
    boundsSeconds: readonly number[],
    exemplar: Exemplar | undefined,
  ): void {
    let below = Number.NEGATIVE_INFINITY;
    for (const bound of [...boundsSeconds, Number.POSITIVE_INFINITY]) {
      const isLast = bound === Number.POSITIVE_INFINITY;
      const count = isLast ? sketch.count : sketch.countUpTo(bound * NANOS_PER_SECOND);
      const le = isLast ? "+Inf" : String(Number(bound.toPrecision(12)));
      const line = `${name}_bucket${labelText([...labels, ["le", le]])} ${Number(count.toFixed(3))}`;
      this.#parts.push(`${line}${this.#exemplarText(exemplar, below, bound)}\n`);
      below = bound;
    }
    this.value(`${name}_sum`, labels, sketch.sumNanos / NANOS_PER_SECOND);
    this.value(`${name}_count`, labels, sketch.count);
  }

  #exemplarText(exemplar: Exemplar | undefined, below: number, bound: number): string {
    if (!this.#isOpen || exemplar === undefined) return "";
    const seconds = exemplar.durationNanos / NANOS_PER_SECOND;
    if (seconds <= below || seconds > bound) return "";
    return ` # {trace_id="${exemplar.traceId}",span_id="${exemplar.spanId}"} ${seconds}`;
  }
}

function labelText(labels: Labels): string {
  if (labels.length === 0) return "";
  return `{${labels.map(([name, value]) => `${name}="${escaped(value)}"`).join(",")}}`;
}

function escaped(value: string): string {
  return value.replace(/[\\"\n]/g, (letter) => (letter === "\n" ? "\\n" : `\\${letter}`));
}
