/** Arbitrary structured filters of Jaeger, and spans with what only those ask for. */

import fc from "fast-check";
import type { Span } from "../../src/model/span.ts";
import { filterTraces } from "./filter-arbitrary.ts";
import type { FilterCall, FilterTerm } from "./naive-jaeger-filter.ts";
import { draftSpanId } from "./trace-arbitrary.ts";
import { traceIdOf } from "./trace-builder.ts";

/** Traces as other filters ask of, with schema URLs and trace states here and there. */
export const jaegerFilterTraces: fc.Arbitrary<readonly Span[]> = filterTraces.chain((spans) =>
  fc
    .tuple(...spans.map(() => fc.nat(7)))
    .map((bits) => spans.map((span, at) => withTexts(span, bits[at] as number))),
);

function withTexts(span: Span, bits: number): Span {
  const url = (bit: number): string => ((bits & bit) === 0 ? "" : "x");
  return {
    ...span,
    traceState: url(1),
    resource: { ...span.resource, schemaUrl: url(2) },
    scope: { ...span.scope, schemaUrl: url(4) },
    links: span.links.map((link) => ({ ...link, traceState: url(1) })),
  };
}

const level = fc.constantFrom("span", "resource", "scope", "event", "link");

const attr: fc.Arbitrary<FilterTerm> = fc
  .tuple(fc.constantFrom("a", "b", "c", "service.name"), fc.option(level, { nil: undefined }))
  .map(([key, of]) => ({ attr: { key, ...(of === undefined ? {} : { level: of }) } }));

const field = (...names: readonly string[]): fc.Arbitrary<FilterTerm> =>
  fc.constantFrom(...names).map((text) => {
    const [of = "", name = ""] = text.split(".");
    return { field: { level: of, name } };
  });

const textField = field(
  "span.name",
  "span.statusMessage",
  "span.traceState",
  "resource.service",
  "resource.schemaURL",
  "scope.name",
  "scope.version",
  "scope.schemaURL",
  "event.name",
  "link.traceState",
);
const idField = field("span.traceID", "span.spanID", "span.parentSpanID", "link.traceID", "link.spanID");
const durationField = field("span.duration", "event.timeSinceStart");
const timeField = field("span.startTime", "span.endTime", "event.time");

const texts = fc.constantFrom("x", "y", "1", "service-0", "service-1", "op-0", "unknown_service", "");
const ids = fc.constantFrom(traceIdOf("other"), traceIdOf("t0"), draftSpanId(0), draftSpanId(1));
const durations = fc.constantFrom("5ms", "0.01s", "0");
const times = fc.constantFrom("2023-11-14T22:13:20.005Z", "2023-11-14T23:13:20.01+01:00");
const loose = fc.constantFrom("x", "y", "1", "1.5", "2", "true", "false", "", "1e0");

interface Side {
  readonly reference: FilterTerm;
  readonly value: string;
  readonly type?: string;
}

const unordered: fc.Arbitrary<Side> = fc.oneof(
  fc.record({
    reference: field("span.status"),
    value: fc.constantFrom("unset", "ok", "error"),
  }),
  fc.record({
    reference: field("span.kind"),
    value: fc.constantFrom("unspecified", "internal", "server", "client", "producer", "consumer"),
  }),
  fc.record({ reference: attr, value: fc.constantFrom("true", "false"), type: fc.constant("bool") }),
);

const ordered: fc.Arbitrary<Side> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ reference: attr, value: loose }) },
  { weight: 1, arbitrary: fc.record({ reference: attr, value: texts, type: fc.constant("string") }) },
  {
    weight: 1,
    arbitrary: fc.record({
      reference: attr,
      value: fc.constantFrom("0", "1", "2"),
      type: fc.constant("int"),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      reference: attr,
      value: fc.constantFrom("1", "1.5"),
      type: fc.constant("double"),
    }),
  },
  { weight: 2, arbitrary: fc.record({ reference: textField, value: texts }) },
  { weight: 1, arbitrary: fc.record({ reference: idField, value: ids }) },
  { weight: 2, arbitrary: fc.record({ reference: durationField, value: durations }) },
  { weight: 1, arbitrary: fc.record({ reference: timeField, value: times }) },
);

const scalarOf = ({ value, type }: Side): FilterTerm => ({
  scalar: { value, ...(type === undefined ? {} : { type }) },
});

const comparison: fc.Arbitrary<FilterCall> = fc.oneof(
  fc
    .tuple(fc.constantFrom("eq", "ne"), fc.oneof(unordered, ordered), fc.boolean())
    .map(([op, side, isTurned]) => call(op, side, isTurned)),
  fc
    .tuple(fc.constantFrom("gt", "lt", "gte", "lte"), ordered, fc.boolean())
    .map(([op, side, isTurned]) => call(op, side, isTurned)),
);

function call(op: string, side: Side, isTurned: boolean): FilterCall {
  const args = [side.reference, scalarOf(side)];
  return { op, args: isTurned ? args.reverse() : args };
}

const membership: fc.Arbitrary<FilterCall> = fc
  .tuple(
    fc.constantFrom("in", "not_in"),
    fc
      .oneof(unordered, ordered)
      .chain((side) =>
        fc.array(fc.constant(side.value), { minLength: 1, maxLength: 2 }).map((values) => ({ side, values })),
      ),
  )
  .map(([op, { side, values }]) => ({
    op,
    args: [side.reference, { list: { values, ...(side.type === undefined ? {} : { type: side.type }) } }],
  }));

const anyReference = fc.oneof(
  attr,
  textField,
  idField,
  durationField,
  timeField,
  field("span.status", "span.kind"),
);

const leaf: fc.Arbitrary<FilterCall> = fc.oneof(
  { weight: 5, arbitrary: comparison },
  { weight: 2, arbitrary: membership },
  { weight: 1, arbitrary: anyReference.map((reference) => ({ op: "exists", args: [reference] })) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.oneof(attr, textField, idField, field("span.status", "span.kind")),
        fc.constantFrom("x", "^x$", "e", "[01]", "r{2}", "o.-1$", "."),
      )
      .map(([reference, value]) => ({ op: "regex", args: [reference, { scalar: { value } }] })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.constantFrom("eq", "ne", "gt", "lt", "gte", "lte"),
        fc.oneof(fc.tuple(attr, attr), fc.tuple(textField, textField), fc.tuple(attr, durationField)),
      )
      .map(([op, args]) => ({ op, args })),
  },
);

/** Filters of every operator, level and field, valid ones. */
export const anyJaegerFilter: fc.Arbitrary<FilterCall> = filterOf(3, []);

function filterOf(depth: number, bound: readonly string[]): fc.Arbitrary<FilterCall> {
  if (depth === 0) return leaf;
  const inner = (more: readonly string[] = []) =>
    filterOf(depth - 1, [...bound, ...more]).map((made): FilterTerm => ({ call: made }));
  const nested = ["event", "link"].filter((each) => !bound.includes(each));
  const somes = nested.map((of) =>
    inner([of]).map((made): FilterCall => ({ op: "some", args: [{ nested: { level: of } }, made] })),
  );
  return fc.oneof(
    { weight: 3, arbitrary: leaf },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom("and", "or"), fc.array(inner(), { minLength: 2, maxLength: 3 }))
        .map(([op, args]): FilterCall => ({ op, args })),
    },
    { weight: 1, arbitrary: inner().map((made): FilterCall => ({ op: "not", args: [made] })) },
    ...somes.map((arbitrary) => ({ weight: 1, arbitrary })),
  );
}
