/** A trace as a waterfall in a terminal: tree, durations, bars, errors, critical path. */

import type { ForestSpan } from "../../analysis/span-forest.ts";
import type { ClockReading } from "../../analysis/trace-clocks.ts";
import { clockedForest } from "../../analysis/trace-clocks.ts";
import type { CriticalPathJson, SpanJson, TraceJson } from "../../api/contract.ts";
import { hostKeyOf } from "../../model/host-key.ts";
import { displayWidth, fitted, padded, printable } from "./printable.ts";
import { countText, durationText, timeText } from "./quantities.ts";
import type { Style } from "./style.ts";

/** How a trace is shown. */
export interface TraceViewOptions {
  /** Characters a line holds. */
  readonly columns: number;
  readonly style: Style;
  /** Spans shown; the rest is counted. */
  readonly maxSpans: number;
  readonly clock: ClockReading;
}

interface Times {
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
}

interface Line {
  readonly span: SpanJson;
  /** With the clock of its host set. */
  readonly times: Times;
  /** Branches of the tree before the name. */
  readonly branches: string;
  readonly parentIsMissing: boolean;
}

interface TreeSpan extends ForestSpan {
  readonly json: SpanJson;
}

const DURATION_WIDTH = 8;
const MIN_BAR_WIDTH = 12;
const MIN_NAME_WIDTH = 24;

function treeSpan(json: SpanJson): TreeSpan {
  return {
    json,
    spanId: json.spanId,
    parentSpanId: json.parentSpanId ?? undefined,
    kind: json.kind,
    serviceName: json.serviceName,
    name: json.name,
    status: json.status,
    startTimeUnixNano: BigInt(json.startTimeUnixNano),
    endTimeUnixNano: BigInt(json.endTimeUnixNano),
    hostKey: hostKeyOf(json.resource.attributes),
  };
}

function childrenByParent(parents: Int32Array): ReadonlyMap<number, readonly number[]> {
  const childrenOf = new Map<number, number[]>();
  for (const [index, parent] of parents.entries()) {
    const siblings = childrenOf.get(parent);
    if (siblings === undefined) childrenOf.set(parent, [index]);
    else siblings.push(index);
  }
  return childrenOf;
}

/** A span to be written: what stands before its own branch, and that branch ("" for a root). */
interface Pending {
  readonly index: number;
  readonly before: string;
  readonly branch: string;
}

/** The children of a span, last first, as a stack takes them. */
function pendingChildren(children: readonly number[], { before, branch }: Pending): Pending[] {
  const below = branch === "" ? before : before + (branch === "└ " ? "  " : "│ ");
  return children
    .map((index, place) => ({ index, before: below, branch: place === children.length - 1 ? "└ " : "├ " }))
    .reverse();
}

interface TraceLines {
  /** Of all spans, shown or not. */
  readonly extent: Times;
  readonly lines: readonly Line[];
}

/** Depth first, children by start; at most `maxSpans` lines. A stack, since a trace may be deeper than the call stack. */
function linesOf(trace: TraceJson, { maxSpans, clock }: TraceViewOptions): TraceLines {
  const { forest, originals } = clockedForest(trace.spans.map(treeSpan), { clock });
  const { spans, parents } = forest;
  const childrenOf = childrenByParent(parents);
  const lines: Line[] = [];
  const roots = [...(childrenOf.get(-1) ?? [])].reverse();
  const stack: Pending[] = roots.map((index) => ({ index, before: "", branch: "" }));
  for (let top = stack.pop(); top !== undefined && lines.length < maxSpans; top = stack.pop()) {
    const { json: span } = originals[top.index] as TreeSpan;
    const parentIsMissing = parents[top.index] === -1 && span.parentSpanId !== null;
    const times = spans[top.index] as ForestSpan;
    lines.push({ span, times, branches: top.before + top.branch, parentIsMissing });
    for (const child of pendingChildren(childrenOf.get(top.index) ?? [], top)) stack.push(child);
  }
  return { extent: extentOf(spans), lines };
}

function extentOf(spans: readonly ForestSpan[]): Times {
  const startTimeUnixNano = spans[0]?.startTimeUnixNano ?? 0n;
  let endTimeUnixNano = startTimeUnixNano;
  for (const span of spans) {
    if (span.endTimeUnixNano > endTimeUnixNano) endTimeUnixNano = span.endTimeUnixNano;
  }
  return { startTimeUnixNano, endTimeUnixNano };
}

type Interval = readonly [from: number, to: number];

/** Cells of a bar that an interval of the trace covers, at least one. */
function cellsOf(
  start: bigint,
  end: bigint,
  traceStart: bigint,
  traceNanos: bigint,
  width: number,
): Interval {
  const scale = (moment: bigint): number => Number(moment - traceStart) / Math.max(1, Number(traceNanos));
  const from = Math.min(width - 1, Math.floor(scale(start) * width));
  return [from, Math.min(width, Math.max(from + 1, Math.round(scale(end) * width)))];
}

interface Frame {
  readonly traceStart: bigint;
  readonly traceNanos: bigint;
  readonly barWidth: number;
  readonly pathBySpan: ReadonlyMap<string, readonly Interval[]>;
}

/** `█` where the end of the trace waited for the span, `░` elsewhere. */
function barOf({ span, times }: Line, frame: Frame): string {
  const { traceStart, traceNanos, barWidth } = frame;
  const { startTimeUnixNano, endTimeUnixNano } = times;
  const [from, to] = cellsOf(startTimeUnixNano, endTimeUnixNano, traceStart, traceNanos, barWidth);
  const cells: string[] = Array.from({ length: to }, (_, cell) => (cell < from ? " " : "░"));
  for (const [pathFrom, pathTo] of frame.pathBySpan.get(span.spanId) ?? []) {
    cells.fill("█", Math.max(from, pathFrom), Math.min(to, pathTo));
  }
  return cells.join("");
}

function frameOf(extent: Times, path: CriticalPathJson | undefined, barWidth: number): Frame {
  const traceStart = extent.startTimeUnixNano;
  const traceNanos = extent.endTimeUnixNano - traceStart;
  const pathBySpan = new Map<string, Interval[]>();
  for (const segment of path?.segments ?? []) {
    const intervals = pathBySpan.get(segment.spanId) ?? [];
    const start = BigInt(segment.startTimeUnixNano);
    intervals.push(cellsOf(start, BigInt(segment.endTimeUnixNano), traceStart, traceNanos, barWidth));
    pathBySpan.set(segment.spanId, intervals);
  }
  return { traceStart, traceNanos, barWidth, pathBySpan };
}

function nameOf({ span, branches, parentIsMissing }: Line): string {
  const note = parentIsMissing ? " (parent missing)" : "";
  return printable(`${branches}${span.serviceName}: ${span.name}${note}`);
}

function headOf(trace: TraceJson, style: Style): string {
  const root = printable(`${trace.rootService || "?"}: ${trace.rootOperation || "(root not known)"}`);
  const facts = [
    countText(trace.spanCount, "span"),
    countText(trace.serviceCount, "service"),
    countText(trace.errorCount, "error"),
    durationText(trace.durationMs),
    timeText(trace.startTime),
  ];
  return `${style.bold(root)}\n${trace.traceId}  ${facts.join(", ")}\n`;
}

/** The waterfall of a trace; `*` and full blocks mark the critical path, `ERR` failed spans. */
export function renderTrace(
  trace: TraceJson,
  path: CriticalPathJson | undefined,
  options: TraceViewOptions,
): string {
  const { columns, style } = options;
  const { lines, extent } = linesOf(trace, options);
  const longest = Math.max(...lines.map((line) => displayWidth(nameOf(line))));
  // Marks, duration and the blanks between the columns.
  const rest = columns - DURATION_WIDTH - 8;
  const nameWidth = Math.max(MIN_NAME_WIDTH, Math.min(longest, Math.floor(rest * 0.6)));
  const frame = frameOf(extent, path, Math.max(MIN_BAR_WIDTH, rest - nameWidth));
  const rows = lines.map((line) => {
    const isOnPath = frame.pathBySpan.has(line.span.spanId);
    const isError = line.span.status === "ERROR";
    const name = padded(fitted(nameOf(line), nameWidth), nameWidth);
    const duration = padded(durationText(line.span.durationMs), DURATION_WIDTH, "right");
    const bar = barOf(line, frame);
    const marks = `${isOnPath ? "*" : " "} ${isError ? style.red("ERR") : "   "}`;
    const shownBar = isError ? style.red(bar) : isOnPath ? style.yellow(bar) : style.dim(bar);
    return `${marks} ${name} ${duration} ${shownBar}`.trimEnd();
  });
  const hidden = trace.spans.length - lines.length;
  const footer =
    hidden > 0 ? `... ${countText(hidden, "more span")}: --max-spans or --json shows them\n` : "";
  return `${headOf(trace, style)}\n${rows.join("\n")}\n${footer}\n* on the critical path (█)\n`;
}
