/** JSON Schemas of the shapes in `compare-contract.ts`, under the same names without `Json`. */

import { SpanKind } from "../../model/span-kind.ts";
import type { JsonSchema } from "../query-parameters.ts";
import {
  AMOUNT,
  COUNT,
  described,
  listOf,
  NANOS,
  objectOf,
  orNull,
  ref,
  SPAN_ID,
  TEXT,
  TRACE_ID,
  TRUTH,
  wordOf,
} from "./schema-parts.ts";

const WHOLE: JsonSchema = Object.freeze({ type: "integer" });
const NUMBER: JsonSchema = Object.freeze({ type: "number" });
const SIGNED_NANOS: JsonSchema = Object.freeze({
  type: "string",
  pattern: "^-?[0-9]+$",
  description: "Nanoseconds as a decimal string, below 0 when there are fewer.",
});
const SHARE: JsonSchema = Object.freeze({ type: "number", minimum: 0, maximum: 1 });
const CHANCE = described(
  SHARE,
  "Of such a difference anywhere among all that was tested, when there is none (Bonferroni).",
);
const SHAPE = described(
  objectOf({ set: TEXT, multiset: TEXT, ordered: TEXT }),
  "Hashes of what calls what: which calls, how often in steps of powers of two, and in which order.",
);

const pairMembers: Readonly<Record<string, JsonSchema>> = Object.freeze({ key: TEXT, value: TEXT });

const differenceMembers: Readonly<Record<string, JsonSchema>> = Object.freeze({
  selectionCount: COUNT,
  selectionShare: described(SHARE, "Of the selection's traces: the coverage."),
  baselineCount: COUNT,
  baselineShare: SHARE,
  score: described(SHARE, "|selectionShare - baselineShare|."),
  z: described(NUMBER, "Of two proportions; above 0 when the selection has it more often."),
  chance: CHANCE,
  purity: described(SHARE, "Of the traces that have it, those in the selection."),
  lift: described(AMOUNT, "How many times likelier such a trace is to be in the selection than any trace."),
});

function figures(nanos: JsonSchema, count: JsonSchema): JsonSchema {
  return objectOf({
    count,
    errorCount: count,
    inclusiveNanos: nanos,
    selfNanos: nanos,
    criticalPathNanos: nanos,
  });
}

/** Schemas of comparisons by name. */
export function compareSchemas(): Record<string, JsonSchema> {
  return {
    CallPathStep: objectOf({
      service: TEXT,
      operation: described(TEXT, "Ids in it read {id}; in brackets for time that no span covers."),
      kind: orNull(wordOf(...Object.values(SpanKind))),
    }),
    TraceComparison: traceComparisonSchema(),
    SetComparison: setComparisonSchema(),
  };
}

function traceComparisonSchema(): JsonSchema {
  return objectOf({
    traceId: TRACE_ID,
    withTraceId: TRACE_ID,
    typical: orNull(
      objectOf({
        likeness: wordOf("ordered", "multiset", "set", "operation"),
        alikeCount: COUNT,
        medianNanos: NANOS,
        truncated: described(TRUTH, "True when more traces of the root operation are stored."),
      }),
    ),
    shape: SHAPE,
    withShape: SHAPE,
    durationNanos: NANOS,
    withDurationNanos: NANOS,
    deltaNanos: SIGNED_NANOS,
    callPaths: listOf(
      objectOf({
        path: described(
          listOf(ref("CallPathStep")),
          "From the root on; the innermost 64 steps of a longer path.",
        ),
        depth: COUNT,
        change: described(
          wordOf("added", "removed", "more", "fewer", "same"),
          "Seen from the trace compared with.",
        ),
        trace: figures(NANOS, COUNT),
        with: figures(NANOS, COUNT),
        delta: figures(SIGNED_NANOS, WHOLE),
        pairedCount: described(COUNT, "Spans with a counterpart on the other side."),
        mostChanged: orNull(objectOf({ spanId: SPAN_ID, withSpanId: SPAN_ID, deltaNanos: SIGNED_NANOS })),
      }),
    ),
    others: objectOf({ count: COUNT, criticalPathDeltaNanos: SIGNED_NANOS }),
    sameCount: described(COUNT, "Call paths with nothing to tell."),
    clocks: described(listOf(ref("HostClock")), "Hosts whose clock was set."),
    withClocks: listOf(ref("HostClock")),
  });
}

function setComparisonSchema(): JsonSchema {
  const side = objectOf({ traceCount: COUNT, presence: SHARE, share: SHARE, meanMs: AMOUNT });
  return objectOf({
    selectionSize: COUNT,
    baselineSize: COUNT,
    percentiles: listOf(objectOf({ percentile: AMOUNT, selectionMs: AMOUNT, baselineMs: AMOUNT })),
    attributes: listOf(
      objectOf({
        ...pairMembers,
        ...differenceMembers,
        criticalDeltaMs: described(
          NUMBER,
          "Mean critical-path self time of the spans that have it, selection less baseline.",
        ),
        alongside: described(listOf(objectOf(pairMembers)), "Other values that nearly the same traces have."),
      }),
    ),
    conjunctions: listOf(objectOf({ conditions: listOf(objectOf(pairMembers)), ...differenceMembers })),
    numericAttributes: listOf(
      objectOf({
        key: TEXT,
        distance: described(
          SHARE,
          "Kolmogorov and Smirnov's: the largest difference of the shares below a value.",
        ),
        chance: CHANCE,
        selectionCount: COUNT,
        baselineCount: COUNT,
        selectionMedian: NUMBER,
        baselineMedian: NUMBER,
      }),
    ),
    callPaths: listOf(
      objectOf({
        path: listOf(ref("CallPathStep")),
        change: wordOf("new", "missing", "more", "less", "same"),
        selection: side,
        baseline: side,
        shareDelta: described(NUMBER, "Mean share of the critical path, selection less baseline."),
        shareDeltaLow: NUMBER,
        shareDeltaHigh: NUMBER,
        presenceZ: NUMBER,
        chance: CHANCE,
      }),
    ),
    tested: objectOf({ values: COUNT, numbers: COUNT, paths: COUNT }),
    truncated: described(TRUTH, "True when more traces match than were compared."),
    leftOutCount: described(COUNT, "Traces of more than 4,096 spans."),
    correctedTraces: described(COUNT, "Traces in which the clock of a host was set."),
    versions: described(
      orNull(
        objectOf({
          service: TEXT,
          selection: orNull(TEXT),
          baseline: orNull(TEXT),
          otherCount: described(COUNT, "Traces on neither side."),
        }),
      ),
      "Null unless versions were compared.",
    ),
    range: ref("CoveredRange"),
  });
}
