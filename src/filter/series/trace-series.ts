/** Functions over time of whole traces: the one meaning, whatever faster ways there are. */

import type { Steps } from "../../base/time-slice.ts";
import { factOf, fieldReader } from "../evaluator/field-reader.ts";
import type { CompiledPipeline, TraceMatch } from "../evaluator/pipeline.ts";
import { compilePipeline } from "../evaluator/pipeline.ts";
import { unitedSpans } from "../evaluator/spanset.ts";
import type { TraceFact } from "../evaluator/trace-facts.ts";
import type { Value } from "../evaluator/values.ts";
import { numberOf } from "../evaluator/values.ts";
import type { Field, MetricsAggregate, MetricsPipeline } from "../query-model.ts";
import { comparedSpans } from "./compared-spans.ts";
import type { SpanIdentity } from "./exemplar-picker.ts";
import type { Series } from "./series.ts";
import { intervalOf } from "./series-grid.ts";
import { SeriesSums } from "./series-sums.ts";
import type { SpanSummer } from "./span-summer.ts";
import { conditionOfSpans, isOfSingleSpans } from "./span-summer.ts";
import type { SpanSums, TraceSeriesOptions } from "./span-sums.ts";

/** Between two chances for others to run: reading a span's labels takes some microseconds. */
const SPANS_PER_STEP = 128;

/** A function over time that is being worked out. */
export interface TraceSeries {
  /** What gives the spans of a trace, with all that is read and has to be worked out of it. */
  readonly pipeline: CompiledPipeline;
  /** True when there were more groups than may be. */
  readonly isCut: boolean;
  /** Takes what a store summed up of spans, in place of their traces; undefined: whole traces are needed. */
  readonly summer: SpanSummer | undefined;
  /**
   * Takes what the pipeline gave of one trace: every span once, in however many spansets it is, that starts within the
   * grid. Returns how many those were.
   */
  observe(match: TraceMatch): Steps<number>;
  /** The series of everything so far, before the stages over series. */
  series(): Steps<readonly Series[]>;
}

/**
 * Prepares a function over time for many traces.
 *
 * @throws FilterError as {@link compilePipeline} does.
 *
 * @example
 * const metrics = compileTraceSeries(pipeline, options);
 * const match = await inSlices(metrics.pipeline.run(rowTraceView(rows)), slice);
 * if (match !== undefined) await inSlices(metrics.observe(match), slice);
 */
export function compileTraceSeries(
  { spans, metrics }: MetricsPipeline,
  options: TraceSeriesOptions,
): TraceSeries {
  const pipeline = compilePipeline(spans);
  const sums = metrics.node === "compare" ? comparedSpans(metrics, options) : measuredSpans(metrics, options);
  const { grid } = options;
  const condition = sums.summer === undefined ? undefined : conditionOfSpans(spans);
  return {
    summer:
      sums.summer === undefined || condition === undefined
        ? undefined
        : { ...sums.summer, request: { ...sums.summer.request, condition } },
    pipeline: {
      ...pipeline,
      fields: [...pipeline.fields, ...sums.fields],
      facts: new Set([...pipeline.facts, ...sums.facts]),
    },
    get isCut() {
      return sums.isCut;
    },
    *observe({ spansets, trace }) {
      yield* trace.prepare(sums.facts);
      let counted = 0;
      for (const [index, span] of unitedSpans(spansets).entries()) {
        const time = trace.view.startTimeUnixNano(span);
        if (intervalOf(grid, time) !== -1) {
          sums.add(trace, span, time);
          counted++;
        }
        if (index % SPANS_PER_STEP === SPANS_PER_STEP - 1) yield SPANS_PER_STEP;
      }
      return counted;
    },
    series: () => sums.series(),
  };
}

/** Spans by their labels, counted or measured. */
function measuredSpans(metrics: MetricsAggregate, options: TraceSeriesOptions): SpanSums {
  const { field, by } = metrics;
  const { labelNameOf, ...rest } = options;
  const sums = new SeriesSums({ ...rest, metrics, isDuration: field !== undefined && isDuration(field) });
  const labels = by.map((each) => ({ name: labelNameOf(each), read: fieldReader(each) }));
  const readValue = field === undefined ? undefined : fieldReader(field);
  const fields = field === undefined ? by : [...by, field];
  return {
    fields,
    facts: new Set(fields.flatMap(factsOf)),
    get isCut() {
      return sums.isCut;
    },
    ...(isOfSingleSpans(metrics) ? { summer: summerOf(metrics, sums, labels, options) } : {}),
    add: (trace, span, time) => {
      const values = readValue === undefined ? ONE : numbersOf(readValue(trace, span));
      if (values.length === 0) return;
      const read = labels.map(({ name, read }) => ({ name, value: firstOf(read(trace, span)) }));
      let identify: (() => SpanIdentity) | undefined = () => ({
        traceId: trace.view.traceId,
        spanId: trace.view.spanId(span),
      });
      for (const value of values) {
        sums.add(read, time, value, identify);
        identify = undefined;
      }
    },
    series: () => sums.series(),
  };
}

function summerOf(
  { function: name, field, by }: MetricsAggregate,
  sums: SeriesSums,
  labels: readonly { readonly name: string }[],
  { grid }: TraceSeriesOptions,
): NonNullable<SpanSums["summer"]> {
  const named = (values: readonly Value[]) =>
    labels.map(({ name }, index) => ({ name, value: values[index] }));
  const { slots, perSlot } = sums.exemplarSlots;
  return {
    request: {
      by,
      value: field,
      needsPowers: name === "quantile_over_time" || name === "histogram_over_time",
      grid,
      slots,
      exemplarsPerSlot: perSlot,
    },
    addSums: (values, interval, summed) => sums.addSums(named(values), interval, summed),
    offer: (values, time, value, span) => sums.offer(named(values), time, value, span),
  };
}

/** What a span that is only counted is measured as. */
const ONE: readonly number[] = [1];

/** Every number that a span has: the events and links of one may have several. */
function numbersOf(value: Value): readonly number[] {
  if (typeof value === "object" && value.type === "several") return value.values.flatMap(numbersOf);
  const number = numberOf(value);
  return number === undefined || Number.isNaN(number) ? [] : [Number(number)];
}

/** A span with several events goes by the first that has the value, as in groups of a pipeline. */
function firstOf(value: Value): Value {
  return typeof value === "object" && value.type === "several" ? value.values[0] : value;
}

function factsOf(field: Field): readonly TraceFact[] {
  const fact = field.node === "intrinsic" ? factOf(field.name) : undefined;
  return fact === undefined ? [] : [fact];
}

function isDuration(field: Field): boolean {
  if (field.node === "attribute") return false;
  switch (field.name) {
    case "span:duration":
    case "trace:duration":
    case "span:selfTime":
    case "span:criticalPath":
    case "event:timeSinceStart":
      return true;
    default:
      return false;
  }
}
