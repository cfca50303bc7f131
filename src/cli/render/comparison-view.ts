/** Comparisons as tables in a terminal. */

import type {
  AttributeDifferenceJson,
  AttributePairJson,
  CallPathStepJson,
  ConjunctionDifferenceJson,
  DifferenceJson,
  DiffNodeJson,
  NumericDifferenceJson,
  PathDifferenceJson,
  PercentilePairJson,
  SetComparisonJson,
  TraceComparisonJson,
} from "../../api/compare-contract.ts";
import { countText, durationText, percentText } from "./quantities.ts";
import type { Style } from "./style.ts";
import type { Column } from "./table.ts";
import { renderTable } from "./table.ts";

const NANOS_PER_MILLI = 1e6;

/** Two traces: what contributes most to the difference first. */
export function renderTraceComparison(comparison: TraceComparisonJson, style: Style): string {
  const { callPaths, others, sameCount } = comparison;
  const lines = [
    style.bold(`${comparison.traceId} against ${comparison.withTraceId}`),
    `${nanosText(comparison.durationNanos)} against ${nanosText(comparison.withDurationNanos)}: ${signedNanosText(comparison.deltaNanos)}`,
  ];
  if (comparison.typical !== null) lines.push(typicalText(comparison.typical));
  const table =
    callPaths.length === 0 ? "no call path differs\n" : renderTable(DIFF_COLUMNS, callPaths, style);
  const rest =
    others.count === 0
      ? ""
      : `... ${countText(others.count, "more call path")} with ${signedNanosText(others.criticalPathDeltaNanos)}\n`;
  return `${lines.join("\n")}\n\n${table}${rest}\n${countText(sameCount, "call path")} without a difference\n`;
}

function typicalText(typical: NonNullable<TraceComparisonJson["typical"]>): string {
  const { likeness, alikeCount, medianNanos, truncated } = typical;
  const alike = likeness === "operation" ? "the same operation" : `the same shape (${likeness})`;
  const note = truncated ? ", the newest looked at" : "";
  return `typical of ${countText(alikeCount, "trace")} with ${alike}, median ${nanosText(medianNanos)}${note}`;
}

const DIFF_COLUMNS: readonly Column<DiffNodeJson>[] = [
  { title: "CRITICAL PATH", cell: (node) => signedNanosText(node.delta.criticalPathNanos), side: "right" },
  { title: "DURATION", cell: (node) => signedNanosText(node.delta.inclusiveNanos), side: "right" },
  { title: "CALLS", cell: (node) => changeText(node.with.count, node.trace.count), side: "right" },
  { title: "ERRORS", cell: (node) => changeText(node.with.errorCount, node.trace.errorCount), side: "right" },
  { title: "CHANGE", cell: (node) => node.change },
  ...stepColumns<DiffNodeJson>(),
];

/** Two sets: sizes, durations, attributes, call paths. */
export function renderSetComparison(comparison: SetComparisonJson, style: Style): string {
  const { selectionSize, baselineSize, truncated, leftOutCount, tested } = comparison;
  const notes = [
    ...(truncated ? ["the newest of more"] : []),
    ...(leftOutCount > 0 ? [`${countText(leftOutCount, "trace")} too large to be compared`] : []),
  ];
  const head = `${countText(selectionSize, "trace")} against ${countText(baselineSize, "other")}${versionsText(comparison)}`;
  const parts = [
    `${style.bold(head)}${notes.length === 0 ? "" : ` (${notes.join(", ")})`}\n`,
    renderTable(PERCENTILE_COLUMNS, comparison.percentiles, style),
    sectionText("attribute values", ATTRIBUTE_COLUMNS, comparison.attributes, style),
  ];
  if (comparison.conjunctions.length > 0) {
    parts.push(renderTable(CONJUNCTION_COLUMNS, comparison.conjunctions, style));
  }
  if (comparison.numericAttributes.length > 0) {
    parts.push(renderTable(NUMERIC_COLUMNS, comparison.numericAttributes, style));
  }
  parts.push(sectionText("call paths", PATH_COLUMNS, comparison.callPaths, style));
  const counts = [
    countText(tested.values, "value"),
    countText(tested.numbers, "numeric attribute"),
    countText(tested.paths, "call path"),
  ];
  parts.push(`tested: ${counts.join(", ")}; at most 1 in 100 comparisons of like sets lists anything\n`);
  return parts.join("\n");
}

function versionsText({ versions }: SetComparisonJson): string {
  if (versions === null) return "";
  return `: ${versions.service} ${versions.selection} against ${versions.baseline}`;
}

function sectionText<Row>(
  what: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  style: Style,
): string {
  return rows.length === 0 ? `no ${what} differ beyond chance\n` : renderTable(columns, rows, style);
}

const PERCENTILE_COLUMNS: readonly Column<PercentilePairJson>[] = [
  { title: "PERCENTILE", cell: (row) => `p${row.percentile}`, side: "right" },
  { title: "SELECTION", cell: (row) => durationText(row.selectionMs), side: "right" },
  { title: "OTHERS", cell: (row) => durationText(row.baselineMs), side: "right" },
];

function differenceColumns<Row extends DifferenceJson>(): readonly Column<Row>[] {
  return [
    { title: "SELECTION", cell: (row) => percentText(row.selectionShare * 100), side: "right" },
    { title: "OTHERS", cell: (row) => percentText(row.baselineShare * 100), side: "right" },
    { title: "LIFT", cell: (row) => `${row.lift.toFixed(1)}x`, side: "right" },
  ];
}

const ATTRIBUTE_COLUMNS: readonly Column<AttributeDifferenceJson>[] = [
  ...differenceColumns<AttributeDifferenceJson>(),
  { title: "CRITICAL PATH", cell: (row) => signedMillisText(row.criticalDeltaMs), side: "right" },
  { title: "ATTRIBUTE", cell: pairText },
  { title: "ALONGSIDE", cell: ({ alongside }) => alongside.map(pairText).join(", ") },
];

const CONJUNCTION_COLUMNS: readonly Column<ConjunctionDifferenceJson>[] = [
  ...differenceColumns<ConjunctionDifferenceJson>(),
  { title: "BOTH ATTRIBUTES", cell: ({ conditions }) => conditions.map(pairText).join(" and ") },
];

const NUMERIC_COLUMNS: readonly Column<NumericDifferenceJson>[] = [
  { title: "DISTANCE", cell: (row) => row.distance.toFixed(2), side: "right" },
  { title: "MEDIAN", cell: (row) => numberText(row.selectionMedian), side: "right" },
  { title: "OTHERS", cell: (row) => numberText(row.baselineMedian), side: "right" },
  { title: "NUMERIC ATTRIBUTE", cell: (row) => row.key },
];

const PATH_COLUMNS: readonly Column<PathDifferenceJson>[] = [
  { title: "SHARE", cell: (row) => signedPercentText(row.shareDelta), side: "right" },
  { title: "SELECTION", cell: (row) => percentText(row.selection.share * 100), side: "right" },
  { title: "OTHERS", cell: (row) => percentText(row.baseline.share * 100), side: "right" },
  { title: "TIME", cell: (row) => durationText(row.selection.meanMs), side: "right" },
  { title: "OTHERS", cell: (row) => durationText(row.baseline.meanMs), side: "right" },
  { title: "CALLS", cell: (row) => row.change },
  ...stepColumns<PathDifferenceJson>(),
];

function stepColumns<Row extends { readonly path: readonly CallPathStepJson[] }>(): readonly Column<Row>[] {
  return [
    { title: "SERVICE", cell: ({ path }) => path.at(-1)?.service || "(no span)" },
    { title: "OPERATION", cell: ({ path }) => path.at(-1)?.operation ?? "" },
    { title: "CALLED BY", cell: ({ path }) => callerText(path.at(-2)) },
  ];
}

function callerText(step: CallPathStepJson | undefined): string {
  if (step === undefined) return "";
  return step.service === "" ? step.operation : `${step.service}: ${step.operation}`;
}

function pairText({ key, value }: AttributePairJson): string {
  return `${key}=${value}`;
}

function numberText(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function nanosText(nanos: string): string {
  return durationText(Number(nanos) / NANOS_PER_MILLI);
}

function signedNanosText(nanos: string): string {
  if (nanos === "0") return "0";
  return nanos.startsWith("-") ? `-${nanosText(nanos.slice(1))}` : `+${nanosText(nanos)}`;
}

function signedMillisText(millis: number): string {
  if (millis === 0) return "0";
  return `${millis < 0 ? "-" : "+"}${durationText(Math.abs(millis))}`;
}

function signedPercentText(share: number): string {
  return `${share < 0 ? "-" : "+"}${percentText(Math.abs(share) * 100)}`;
}

function changeText(before: number, after: number): string {
  return before === after ? String(after) : `${before} > ${after}`;
}
