/** How well traces are instrumented: what can be told from the spans themselves, counted. */

import type { Attributes } from "../model/attribute-value.ts";
import type { Span } from "../model/span.ts";
import { isPossibleAsStamped } from "./clock-skew.ts";
import { peerNameOf } from "./peer-names.ts";
import { Parenthood, spanForest } from "./span-forest.ts";

/** What quality is about. */
export type QualityCategory = "completeness" | "consistency" | "description";

/** Where something was seen. */
export interface QualityExample {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** Empty when it is about the trace. */
  readonly spanIds: readonly string[];
}

/** Spans or traces with one outcome. */
export interface QualityTally {
  readonly count: number;
  /** The first few, of different traces. */
  readonly examples: readonly QualityExample[];
}

/** How one check came out. */
export interface QualityResult {
  readonly check: QualityCheck;
  readonly passed: QualityTally;
  readonly failed: QualityTally;
  /** Of which it cannot be asked. */
  readonly exempt: QualityTally;
  /** Failures by span name, most first. */
  readonly failuresByOperation: readonly (readonly [string, number])[];
}

/** One thing that is checked. */
export interface QualityCheck {
  readonly name: string;
  readonly category: QualityCategory;
  readonly description: string;
  /** How much it counts within its category. */
  readonly weight: number;
  /** True passes, false fails, undefined is exempt. */
  readonly judge: (span: JudgedSpan) => boolean | undefined;
}

/** A span of the service, with what the trace says of it. */
export interface JudgedSpan {
  readonly span: Span;
  readonly parent: Span | undefined;
  /** True when it names a parent that is not in the trace. */
  readonly isOrphan: boolean;
  /** True when another span of the trace has its id. */
  readonly isAmbiguous: boolean;
  /** True when a span of the trace has no parent by what it says itself. */
  readonly hasRoot: boolean;
}

const isSet = (text: string): boolean => text !== "";
const hasEvent = ({ events }: Span, name: string): boolean => events.some((event) => event.name === name);
const has = (attributes: Attributes, key: string): boolean => Object.hasOwn(attributes, key);

/** Everything that is checked. */
export const QUALITY_CHECKS: readonly QualityCheck[] = Object.freeze<QualityCheck[]>([
  {
    name: "Root spans",
    category: "completeness",
    description: "The trace of the span has a root: a span without a parent.",
    weight: 0.5,
    judge: ({ hasRoot }) => hasRoot,
  },
  {
    name: "Parent spans",
    category: "completeness",
    description: "The parent that the span names is in its trace. Roots name none.",
    weight: 0.5,
    judge: ({ span, isOrphan }) => (span.parentSpanId === undefined ? undefined : !isOrphan),
  },
  {
    name: "Unique span ids",
    category: "consistency",
    description: "No other span of the trace has the id of the span.",
    weight: 0.4,
    judge: ({ isAmbiguous }) => !isAmbiguous,
  },
  {
    name: "Agreeing clocks",
    category: "consistency",
    description:
      "A span that ran on another host than its parent lies where the parent allows it to. Spans of one host, or of unknown ones, are not asked.",
    weight: 0.4,
    judge: ({ span, parent }) => clocksAgree(span, parent),
  },
  {
    name: "Possible times",
    category: "consistency",
    description: "The span does not end before it starts.",
    weight: 0.2,
    judge: ({ span }) => span.endTimeUnixNano >= span.startTimeUnixNano,
  },
  {
    name: "Span kinds",
    category: "description",
    description: "The span says what kind it is: SERVER, CLIENT, PRODUCER, CONSUMER or INTERNAL.",
    weight: 0.25,
    judge: ({ span }) => span.kind !== "UNSPECIFIED",
  },
  {
    name: "Peers of calls",
    category: "description",
    description:
      "A CLIENT span says whom it calls: an attribute such as server.address or peer.service, or a database or messaging system. Other spans are not asked.",
    weight: 0.25,
    judge: ({ span }) => (span.kind === "CLIENT" ? namesPeer(span.attributes) : undefined),
  },
  {
    name: "Explained errors",
    category: "description",
    description:
      "A span with status ERROR says why: a status message, an exception event or error.type. Other spans are not asked.",
    weight: 0.25,
    judge: ({ span }) => (span.status === "ERROR" ? explainsError(span) : undefined),
  },
  {
    name: "Service versions",
    category: "description",
    description: "The resource of the span has service.version.",
    weight: 0.25,
    judge: ({ span }) => has(span.resource.attributes, "service.version"),
  },
]);

function clocksAgree(span: Span, parent: Span | undefined): boolean | undefined {
  const host = hostOf(span);
  const above = parent === undefined ? "" : hostOf(parent);
  if (parent === undefined || host === "" || above === "" || host === above) return undefined;
  return isPossibleAsStamped(parent, span);
}

function hostOf({ resource }: Span): string {
  const { "host.id": id, "host.name": name } = resource.attributes;
  if (typeof id === "string") return id;
  return typeof name === "string" ? name : "";
}

function namesPeer(attributes: Attributes): boolean {
  if (peerNameOf(attributes) !== undefined) return true;
  return ["db.system.name", "db.system", "messaging.system"].some((key) => has(attributes, key));
}

function explainsError(span: Span): boolean {
  return isSet(span.statusMessage) || hasEvent(span, "exception") || has(span.attributes, "error.type");
}

const MAX_EXAMPLES = 5;
const MAX_OPERATIONS = 20;

class Tally implements QualityTally {
  count = 0;
  readonly examples: QualityExample[] = [];

  add(traceId: string, spanId: string): void {
    this.count++;
    const isNew = this.examples.at(-1)?.traceId !== traceId;
    if (isNew && this.examples.length < MAX_EXAMPLES) this.examples.push({ traceId, spanIds: [spanId] });
  }
}

interface Counts {
  readonly check: QualityCheck;
  readonly passed: Tally;
  readonly failed: Tally;
  readonly exempt: Tally;
  readonly failures: Map<string, number>;
}

/** Checks the spans of one service, trace by trace. */
export class TraceQuality {
  readonly #service: string;
  readonly #counts: readonly Counts[] = QUALITY_CHECKS.map((check) => ({
    check,
    passed: new Tally(),
    failed: new Tally(),
    exempt: new Tally(),
    failures: new Map(),
  }));

  constructor(serviceName: string) {
    this.#service = serviceName;
  }

  /** Checks the spans of the service in one trace; `input` is all of the trace. */
  add(traceId: string, input: readonly Span[]): void {
    const { spans, parents, parenthood } = spanForest(input);
    const seen = new Map<string, number>();
    for (const { spanId } of spans) seen.set(spanId, (seen.get(spanId) ?? 0) + 1);
    const hasRoot = parenthood.includes(Parenthood.ROOT);
    for (const [index, span] of spans.entries()) {
      if (span.serviceName !== this.#service) continue;
      this.#judge(traceId, {
        span,
        parent: spans[parents[index] as number],
        isOrphan: parenthood[index] === Parenthood.PARENT_MISSING,
        isAmbiguous: (seen.get(span.spanId) ?? 0) > 1,
        hasRoot,
      });
    }
  }

  /** In the order of {@link QUALITY_CHECKS}. */
  results(): readonly QualityResult[] {
    return this.#counts.map(({ failures, ...result }) => ({
      ...result,
      failuresByOperation: [...failures]
        .sort(([left, some], [right, others]) => others - some || (left < right ? -1 : 1))
        .slice(0, MAX_OPERATIONS),
    }));
  }

  #judge(traceId: string, judged: JudgedSpan): void {
    const { spanId, name } = judged.span;
    for (const { check, passed, failed, exempt, failures } of this.#counts) {
      const verdict = check.judge(judged);
      const tally = verdict === undefined ? exempt : verdict ? passed : failed;
      tally.add(traceId, spanId);
      if (verdict === false) failures.set(name, (failures.get(name) ?? 0) + 1);
    }
  }
}

/**
 * Share of what passed within a category, 0 to 1, each check by its weight; checks that nothing could be asked of count
 * nothing. Undefined when there is none.
 */
export function qualityScore(
  results: readonly QualityResult[],
  category: QualityCategory,
): number | undefined {
  let weights = 0;
  let sum = 0;
  for (const { check, passed, failed } of results) {
    const asked = passed.count + failed.count;
    if (check.category !== category || asked === 0) continue;
    weights += check.weight;
    sum += (check.weight * passed.count) / asked;
  }
  return weights === 0 ? undefined : sum / weights;
}
