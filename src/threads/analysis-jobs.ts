/** What the analysis thread does. Runs in any thread; the worker script is the one that calls it. */

import { spansLongerThan } from "../analysis/bottlenecks.ts";
import type { ClockSkewOptions } from "../analysis/clock-skew.ts";
import { clockSkewBy } from "../analysis/clock-skew.ts";
import type { TraceDiffOptions } from "../analysis/compare/trace-diff.ts";
import { traceDiff } from "../analysis/compare/trace-diff.ts";
import { traceShape } from "../analysis/compare/trace-shape.ts";
import { criticalPath } from "../analysis/critical-path.ts";
import { dependencyLinks } from "../analysis/dependency-links.ts";
import { traceFindings, withSpans } from "../analysis/findings/trace-findings.ts";
import { performanceFrom } from "../analysis/performance.ts";
import { CallPathProfile } from "../analysis/profile/call-path-profile.ts";
import { profileToBytes } from "../analysis/profile/profile-bytes.ts";
import type { WhatIfTarget } from "../analysis/what-if/what-if.ts";
import { whatIf } from "../analysis/what-if/what-if.ts";
import type { SpanTable } from "../batch/span-table.ts";
import { hostKeysOfTable, spansOfTable } from "../batch/table-spans.ts";
import { columnsOfTable } from "../batch/trace-columns.ts";
import type { JobSteps } from "../io/worker-jobs.ts";
import type { PackedDurations } from "./packed-durations.ts";
import { unpackDurations } from "./packed-durations.ts";
import { buffersOfPath, packPath } from "./path-columns.ts";

/** What the analysis thread is asked for. */
export type AnalysisJob =
  /** Answered with `PathColumns`. */
  | { readonly kind: "critical_path"; readonly table: SpanTable }
  /** Answered with the rows of the spans over the threshold, longest first, as an `Int32Array`. */
  | { readonly kind: "bottlenecks"; readonly table: SpanTable; readonly thresholdMs: number }
  /** Answered with parts, lists of links in order. */
  | { readonly kind: "links"; readonly table: SpanTable }
  /** Answered with `TraceFindings` over rows in place of spans. */
  | { readonly kind: "findings"; readonly table: SpanTable }
  /** Answered with `WhatIf` over rows in place of spans. */
  | { readonly kind: "what_if"; readonly table: SpanTable; readonly target: WhatIfTarget }
  /** Answered with `ClockSkew`; the table holds hosts. */
  | { readonly kind: "clock_skew"; readonly table: SpanTable; readonly options: ClockSkewOptions }
  /** Answered with `Performance`. */
  | { readonly kind: "performance"; readonly durations: PackedDurations }
  /** Answered with `TraceShape`. */
  | { readonly kind: "trace_shape"; readonly table: SpanTable }
  /** Answered with `TraceDiff`. */
  | {
      readonly kind: "trace_diff";
      readonly reference: SpanTable;
      readonly subject: SpanTable;
      readonly options: TraceDiffOptions;
    }
  /** Answered with {@link ProfileBytes}. */
  | { readonly kind: "profile"; readonly table: SpanTable; readonly weight: number };

/** A `CallPathProfile` of one trace on its way out of the thread. */
export interface ProfileBytes {
  readonly bytes: Uint8Array;
  /** True when the clock of a host was set. */
  readonly isCorrected: boolean;
}

/** Links handed over at once: copying them takes a few milliseconds. */
const LINKS_PER_PART = 2_048;

/** Does a job. */
export function* analysisJob(job: AnalysisJob): JobSteps {
  switch (job.kind) {
    case "critical_path": {
      const spans = spansOfTable(job.table);
      const path = packPath(criticalPath({ traceId: job.table.traceId, spans }));
      return { value: path, transfer: buffersOfPath(path) };
    }
    case "bottlenecks": {
      const spans = spansLongerThan(spansOfTable(job.table), job.thresholdMs);
      const rows = Int32Array.from(spans, ({ index }) => index);
      return { value: rows, transfer: [rows.buffer] };
    }
    case "links": {
      const links = dependencyLinks(spansOfTable(job.table));
      for (let start = 0; start < links.length; start += LINKS_PER_PART) {
        yield { value: links.slice(start, start + LINKS_PER_PART), transfer: [] };
      }
      return { value: undefined, transfer: [] };
    }
    case "findings": {
      const { traceId } = job.table;
      const found = traceFindings({ traceId, spans: spansOfTable(job.table) });
      return { value: withSpans(found, ({ index }) => index), transfer: [] };
    }
    case "what_if": {
      const { traceId } = job.table;
      const { spans, ...answer } = whatIf({ traceId, spans: spansOfTable(job.table) }, job.target);
      return {
        value: { ...answer, spans: spans.map((slack) => ({ ...slack, span: slack.span.index })) },
        transfer: [],
      };
    }
    case "clock_skew": {
      const skew = clockSkewBy(spansOfTable(job.table), hostKeysOfTable(job.table), job.options);
      return { value: skew, transfer: [] };
    }
    case "performance":
      return { value: performanceFrom(unpackDurations(job.durations)), transfer: [] };
    case "trace_shape":
      return { value: traceShape({ spans: spansOfTable(job.table) }), transfer: [] };
    case "trace_diff": {
      const reference = { spans: spansOfTable(job.reference) };
      const subject = { spans: spansOfTable(job.subject) };
      return { value: traceDiff(reference, subject, job.options), transfer: [] };
    }
    case "profile": {
      const profile = new CallPathProfile();
      const { isCorrected } = profile.add(columnsOfTable(job.table, profile.frames), job.weight);
      const value: ProfileBytes = { bytes: profileToBytes(profile), isCorrected };
      return { value, transfer: [] };
    }
  }
}
