/** JSON Schemas of the shapes in `profile-contract.ts`. */

import { SpanKind } from "../../model/span-kind.ts";
import type { JsonSchema } from "../query-parameters.ts";
import {
  AMOUNT,
  COUNT,
  described,
  ISO_TIME,
  listOf,
  NANOS,
  objectOf,
  orNull,
  ref,
  TEXT,
  TRACE_ID,
  TRUTH,
  wordOf,
} from "./schema-parts.ts";

const SHARE: JsonSchema = Object.freeze({ type: "number", minimum: 0, maximum: 1 });
const DIGITS: JsonSchema = Object.freeze({ type: "string", pattern: "^[0-9]+$" });
const DELTA: JsonSchema = Object.freeze({ type: "number", minimum: -1, maximum: 1 });

const frameMembers: Readonly<Record<string, JsonSchema>> = Object.freeze({
  role: described(
    wordOf("operation", "untraced", "overflow"),
    "untraced: time that no stored span covers; overflow: what a limit on distinct call paths left unnamed.",
  ),
  service: TEXT,
  operation: TEXT,
  kind: wordOf(...Object.values(SpanKind)),
});

const analysedMembers: Readonly<Record<string, JsonSchema>> = Object.freeze({
  traceCount: described(COUNT, "Traces analysed."),
  truncated: described(TRUTH, "True when more traces match than were analysed."),
  correctedTraces: described(
    orNull(COUNT),
    "Traces in which the clock of a host was set; null of windows, which take times as they were sent.",
  ),
  range: ref("CoveredRange"),
  source: described(
    wordOf("windows", "traces"),
    "windows: every trace, counted when it was complete; traces: the newest stored ones that match.",
  ),
});

const differenceMembers: Readonly<Record<string, JsonSchema>> = Object.freeze({
  slowShare: described(SHARE, "Of the critical-path time of slow traces, 0 to 1."),
  middleShare: described(SHARE, "Of the critical-path time of middling traces, 0 to 1."),
  shareDelta: described(DELTA, "slowShare - middleShare."),
  slowMeanMs: AMOUNT,
  middleMeanMs: AMOUNT,
  exemplar: orNull(ref("ProfileExemplar")),
});

/** Schemas of profiles, rankings, and slow traces against middling ones. */
export function profileSchemas(): Record<string, JsonSchema> {
  return {
    ProfileExemplar: objectOf({ traceId: TRACE_ID, durationNanos: NANOS }),
    ProfileExemplars: described(
      objectOf({
        max: orNull(ref("ProfileExemplar")),
        p50: orNull(ref("ProfileExemplar")),
        p95: orNull(ref("ProfileExemplar")),
      }),
      "Traces with the longest, a usual and a large critical-path time.",
    ),
    ProfileNode: profileNodeSchema(),
    Profile: objectOf({
      ...analysedMembers,
      traceWeight: described(AMOUNT, "How many traces these stand for, by their sampling thresholds."),
      spanCount: COUNT,
      valueNanos: described(NANOS, "Critical-path time of all traces."),
      nodeCount: COUNT,
      omittedCount: described(COUNT, "Call paths with critical-path time that were left out."),
      overflowSpanCount: described(COUNT, "Spans in the node (other): there are too many call paths."),
      roots: listOf(ref("ProfileNode")),
    }),
    OperationRanking: objectOf({
      ...analysedMembers,
      rank: wordOf("critical", "total", "p95"),
      operations: listOf(
        objectOf({
          ...frameMembers,
          spanCount: AMOUNT,
          p50Ms: AMOUNT,
          p95Ms: AMOUNT,
          totalMs: described(AMOUNT, "Durations of all spans."),
          criticalNanos: NANOS,
          criticalMs: described(AMOUNT, "Time on the critical path in its own spans."),
          criticalShare: described(SHARE, "Critical-path time / durations of all traces, 0 to 1."),
          exemplars: ref("ProfileExemplars"),
        }),
      ),
      nextPageToken: TEXT,
    }),
    SlowTraces: slowTracesSchema(),
    ...bottleneckEventSchemas(),
  };
}

function bottleneckEventSchemas(): Record<string, JsonSchema> {
  return {
    BottleneckEvent: objectOf({
      id: described(DIGITS, "Grows from event to event: the id of the server-sent event."),
      type: wordOf("bottleneck_started", "bottleneck_moved", "bottleneck_ended"),
      time: described(ISO_TIME, "End of the minute that settled it."),
      timeUnixNano: NANOS,
      rootOperation: objectOf(frameMembers),
      operation: described(objectOf(frameMembers), "What started, what it moved to, or what ended."),
      previousOperation: described(orNull(objectOf(frameMembers)), "Where it moved from."),
      share: described(SHARE, "Of the critical-path time of that minute, 0 to 1."),
      changeScore: described(DELTA, "share less the mean of its shares in up to 30 minutes before."),
      traceWeight: described(AMOUNT, "Traces of that minute, by what they stand for."),
      exemplars: ref("ProfileExemplars"),
    }),
    BottleneckEventList: objectOf({
      events: listOf(ref("BottleneckEvent")),
      lastId: described(DIGITS, "Id of the newest event there is; give it back as since."),
      missed: described(TRUTH, "True when events after since are not kept any more."),
      nextPageToken: TEXT,
    }),
  };
}

function profileNodeSchema(): JsonSchema {
  return objectOf({
    name: TEXT,
    ...frameMembers,
    valueNanos: described(NANOS, "Critical-path time of the call path and everything below it."),
    selfNanos: described(NANOS, "Critical-path time of the call path's own spans."),
    omittedNanos: described(NANOS, "Part of valueNanos in call paths that were left out below."),
    share: described(SHARE, "selfNanos / critical-path time of all traces, 0 to 1."),
    spanCount: AMOUNT,
    inclusiveNanos: described(NANOS, "Durations of the spans, on the critical path or not."),
    p50SelfNanos: described(NANOS, "Median of selfNanos in one trace."),
    p95SelfNanos: described(NANOS, "95th percentile of selfNanos in one trace."),
    exemplars: ref("ProfileExemplars"),
    children: listOf(ref("ProfileNode")),
  });
}

function slowTracesSchema(): JsonSchema {
  return objectOf({
    ...analysedMembers,
    slowCount: COUNT,
    middleCount: COUNT,
    leftOutCount: described(COUNT, "Traces of root operations with too few of them to compare."),
    rootOperations: listOf(
      objectOf({
        ...frameMembers,
        traceCount: COUNT,
        p40Ms: AMOUNT,
        p60Ms: AMOUNT,
        p95Ms: AMOUNT,
        slowCount: described(COUNT, "Traces longer than p95."),
        middleCount: described(COUNT, "Traces from p40 to p60."),
      }),
    ),
    operations: listOf(objectOf({ ...frameMembers, ...differenceMembers })),
    paths: listOf(objectOf({ frames: listOf(objectOf(frameMembers)), ...differenceMembers })),
  });
}
