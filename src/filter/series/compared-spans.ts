/** The spans of `compare`: a selection and all others, by everything they have. */

import type { Attributes } from "../../model/attribute-value.ts";
import { spanTest } from "../evaluator/expression.ts";
import { fieldReader } from "../evaluator/field-reader.ts";
import { fieldsOf, traceFactsOf } from "../evaluator/pipeline-fields.ts";
import type { TraceFacts } from "../evaluator/trace-facts.ts";
import { valueOfAttribute } from "../evaluator/values.ts";
import type { AttributeScope, Intrinsic, MetricsComparison } from "../query-model.ts";
import { ComparisonSums } from "./comparison-sums.ts";
import { intervalOf } from "./series-grid.ts";
import type { SeriesLabel } from "./series-labels.ts";
import type { SpanSums, TraceSeriesOptions } from "./span-sums.ts";

/** Intrinsics that many spans share a value of; ids, times and places in the tree say nothing of what spans are. */
const COMPARED_INTRINSICS: readonly Intrinsic[] = [
  "span:name",
  "span:kind",
  "span:status",
  "span:statusMessage",
  "trace:rootName",
  "trace:rootService",
];

const SERVICE_NAME = "service.name";

/** Spans by the values of their attributes and of some intrinsics. */
export function comparedSpans(comparison: MetricsComparison, options: TraceSeriesOptions): SpanSums {
  const { grid, held } = options;
  const { selection, topN, range } = comparison;
  const sums = new ComparisonSums({ grid, topN, held });
  const isSelected = selection.condition === undefined ? () => true : spanTest(selection.condition);
  const read = labelReader(options.labelNameOf);
  const selecting = { node: "pipeline", stages: [selection], start: 0, end: 0 } as const;
  return {
    fields: fieldsOf(selecting),
    facts: new Set([...traceFactsOf(selecting), "whole", "wholeSpans"]),
    isCut: false,
    add: (trace, span, time) => {
      const isInRange = range === undefined || (time >= range.startUnixNano && time < range.endUnixNano);
      const side = isInRange && isSelected(trace, span) ? "selection" : "baseline";
      const interval = intervalOf(grid, time);
      for (const label of read(trace, span)) sums.add(side, interval, label);
    },
    series: () => sums.series(),
  };
}

function labelReader(
  labelNameOf: TraceSeriesOptions["labelNameOf"],
): (trace: TraceFacts, span: number) => Iterable<SeriesLabel> {
  const intrinsics = COMPARED_INTRINSICS.map((name) => {
    const field = { node: "intrinsic", name, start: 0, end: 0 } as const;
    return { name: labelNameOf(field), read: fieldReader(field) };
  });
  const names = new Map<string, string>();
  const nameOf = (scope: AttributeScope, key: string): string => {
    const known = names.get(`${scope} ${key}`);
    if (known !== undefined) return known;
    const name = labelNameOf({ node: "attribute", scope, key, start: 0, end: 0 });
    names.set(`${scope} ${key}`, name);
    return name;
  };
  function* attributeLabels(scope: AttributeScope, attributes: Attributes): Iterable<SeriesLabel> {
    for (const [key, sent] of Object.entries(attributes)) {
      const value = valueOfAttribute(sent);
      const isService = scope === "resource" && key === SERVICE_NAME;
      if (value !== undefined && !isService) yield { name: nameOf(scope, key), value };
    }
  }
  return function* labels(trace, span) {
    const { attributes, resource, serviceName } = trace.view.analysed(span);
    yield* attributeLabels("span", attributes);
    // Every span has a service, whether its resource names one or not.
    yield { name: nameOf("resource", SERVICE_NAME), value: serviceName };
    yield* attributeLabels("resource", resource.attributes);
    for (const { name, read } of intrinsics) {
      const value = read(trace, span);
      if (value !== undefined && value !== "") yield { name, value };
    }
  };
}
