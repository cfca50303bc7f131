/** Dependencies by the rules of Zipkin's linker, over the newest traces of a range. */

import type { ZipkinLink } from "../analysis/zipkin-links.ts";
import { mergeZipkinLinks, zipkinLinkSpan, zipkinLinks } from "../analysis/zipkin-links.ts";
import { MAX_SPANS_AT_ONCE } from "../base/limits.ts";
import { lazySpan } from "../batch/span-from-row.ts";
import type { AnalysedTraces } from "./analysed-traces.ts";
import { analyseTraces } from "./analysed-traces.ts";
import type { QueryContext } from "./query-context.ts";
import type { RunningQuery } from "./query-limiter.ts";
import type { TextRange } from "./trace-filter.ts";

/** Lists of links kept before they are summed up. */
const MAX_PENDING_LISTS = 1_024;

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
 * worked out when asked for: nothing stored depends on these rules.
 *
 * @throws TracAggError `invalid_argument` when the range cannot be read.
 */
export async function zipkinDependenciesIn(
  context: QueryContext,
  range: TextRange,
  running: RunningQuery,
): Promise<ZipkinDependenciesAnswer> {
  let lists: (readonly ZipkinLink[])[] = [];
  let tracesRead = 0;
  let leftOutCount = 0;
  const analysed = await analyseTraces(context, range, running, ({ rows }) => {
    if (rows.length > MAX_SPANS_AT_ONCE) {
      leftOutCount++;
      return;
    }
    tracesRead++;
    lists.push(zipkinLinks(rows.map((row) => zipkinLinkSpan(lazySpan(row)))));
    if (lists.length >= MAX_PENDING_LISTS) lists = [mergeZipkinLinks(lists)];
  });
  return { ...analysed, links: mergeZipkinLinks(lists), tracesRead, leftOutCount };
}
