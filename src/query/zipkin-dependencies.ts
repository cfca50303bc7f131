/** Dependencies by the rules of Zipkin's linker, over the newest traces of a range. */

import type { ZipkinLink } from "../analysis/zipkin-links.ts";
import { mergeZipkinLinks, zipkinLinkSpan, zipkinLinks } from "../analysis/zipkin-links.ts";
import type { ZipkinLinkSpan } from "../analysis/zipkin-tree.ts";
import { MAX_SPANS_AT_ONCE } from "../base/limits.ts";
import type { SpanRow } from "../batch/span-batch.ts";
import { lazySpan } from "../batch/span-from-row.ts";
import type { Span } from "../model/span.ts";
import type { AnalysedTraces } from "./analysed-traces.ts";
import { analyseTraces } from "./analysed-traces.ts";
import type { QueryContext } from "./query-context.ts";
import type { RunningQuery } from "./query-limiter.ts";
import type { TextRange } from "./trace-filter.ts";

/** Lists of links kept before they are summed up. */
const MAX_PENDING_LISTS = 1_024;

/** Which traces, and how their spans look to the rules. */
export interface ZipkinDependenciesRequest extends TextRange {
  /** Default: as OpenTelemetry maps them, {@link zipkinLinkSpan}. */
  readonly linkSpan?: (span: Span) => ZipkinLinkSpan;
}

/** Zipkin's links, and which traces they are of. */
export interface ZipkinDependenciesAnswer extends AnalysedTraces {
  /** By parent, then child. */
  readonly links: readonly ZipkinLink[];
  /** Traces the links are of. */
  readonly tracesRead: number;
  /** Traces of more than 4,096 spans, whose links are not among them. */
  readonly leftOutCount: number;
}

/**
 * What Zipkin would say of the newest traces of the range, up to the limits on traces and spans of one answer. They are
 * worked out when asked for: nothing stored depends on these rules. Traces whose ids end in the same 16 digits are one.
 *
 * @throws TracAggError `invalid_argument` when the range cannot be read.
 */
export async function zipkinDependenciesIn(
  context: QueryContext,
  request: ZipkinDependenciesRequest,
  running: RunningQuery,
): Promise<ZipkinDependenciesAnswer> {
  const { linkSpan = zipkinLinkSpan, ...range } = request;
  const linksOf = (rows: readonly SpanRow[]) => zipkinLinks(rows.map((row) => linkSpan(lazySpan(row))));
  let lists: (readonly ZipkinLink[])[] = [];
  let tracesRead = 0;
  let leftOutCount = 0;
  const ends = new TraceEnds();
  const analysed = await analyseTraces(context, range, running, ({ summary, rows }) => {
    if (rows.length > MAX_SPANS_AT_ONCE) {
      leftOutCount++;
      return;
    }
    tracesRead++;
    ends.add(summary.traceId);
    lists.push(linksOf(rows));
    if (lists.length >= MAX_PENDING_LISTS) lists = [mergeZipkinLinks(lists)];
  });
  for (const traceIds of ends.ofSeveral()) {
    const parts: (readonly SpanRow[])[] = [];
    for (const id of traceIds) parts.push(await context.reader.trace(id, running.signal, running.held));
    // What the parts said each by itself is taken back.
    lists.push(...parts.map((rows) => linksOf(rows).map(negated)), linksOf(parts.flat()));
  }
  const links = mergeZipkinLinks(lists).filter(({ callCount }) => callCount > 0);
  return { ...analysed, links, tracesRead, leftOutCount };
}

function negated({ callCount, errorCount, ...ends }: ZipkinLink): ZipkinLink {
  return { ...ends, callCount: -callCount, errorCount: -errorCount };
}

/** Which traces have ids with one end. */
class TraceEnds {
  readonly #first = new Map<string, string>();
  readonly #several = new Map<string, string[]>();

  add(traceId: string): void {
    const end = traceId.slice(16);
    const first = this.#first.get(end);
    if (first === undefined) {
      this.#first.set(end, traceId);
      return;
    }
    const ids = this.#several.get(end);
    if (ids === undefined) this.#several.set(end, [first, traceId]);
    else ids.push(traceId);
  }

  ofSeveral(): Iterable<readonly string[]> {
    return this.#several.values();
  }
}
