/** Conditions that a store can look for before a trace is put together. */

import type { AttributeScope, FilterValue, KindValue, StatusValue } from "../query-model.ts";

/** A value that an attribute of OTLP can equal. */
export type AttributeLiteral = Extract<
  FilterValue,
  { readonly type: "string" | "int" | "float" | "duration" | "boolean" }
>;

/** Both bounds are inclusive; at least one is there. */
export interface DurationBounds {
  readonly minNanos?: bigint;
  readonly maxNanos?: bigint;
}

/** Something about the trace as a whole. */
export type TraceLeaf =
  | { readonly node: "traceId" | "rootName" | "rootService"; readonly equals: string }
  | ({ readonly node: "traceDuration" } & DurationBounds);

/** Comparisons by size. */
export type OrderOperator = "<" | "<=" | ">" | ">=";

/** Something about one span. */
export type SpanLeaf =
  | { readonly node: "service" | "name"; readonly equals: string }
  | { readonly node: "status"; readonly equals: StatusValue["value"] }
  | { readonly node: "kind"; readonly equals: KindValue["value"] }
  /** It names no parent. */
  | { readonly node: "root" }
  | ({ readonly node: "duration" } & DurationBounds)
  /** Equal as the evaluator compares: of an array any element, of events and links any. */
  | {
      readonly node: "attribute";
      readonly scope: AttributeScope;
      readonly key: string;
      readonly equals: AttributeLiteral;
    }
  /** Ordered as the evaluator orders; of an array any element, of events and links any. */
  | {
      readonly node: "attributeOrder";
      readonly scope: AttributeScope;
      readonly key: string;
      readonly operator: OrderOperator;
      readonly than: AttributeLiteral;
    }
  /** The key is there with a value; of events and links on any. */
  | { readonly node: "attributeExists"; readonly scope: AttributeScope; readonly key: string };

/** Every condition holds; always without one. */
export interface All<Leaf> {
  readonly node: "all";
  readonly conditions: readonly Condition<Leaf>[];
}

/** At least one condition holds; never without one. */
export interface Any<Leaf> {
  readonly node: "any";
  readonly conditions: readonly Condition<Leaf>[];
}

/** Conditions put together. */
export type Condition<Leaf> = Leaf | All<Leaf> | Any<Leaf>;

/** What holds together on one span, facts of its trace among it. */
export type SpanCondition = Condition<SpanLeaf | TraceLeaf>;

/** Some span of the trace meets a condition. */
export interface SomeSpan {
  readonly node: "someSpan";
  readonly condition: SpanCondition;
}

/** What holds on every trace that matches; others may meet it too. */
export type TraceCondition = Condition<SomeSpan>;

/** Holds always. */
export const ALWAYS: All<never> = Object.freeze({ node: "all", conditions: Object.freeze([]) });
/** Holds never. */
export const NEVER: Any<never> = Object.freeze({ node: "any", conditions: Object.freeze([]) });

interface Node {
  readonly node: string;
}

/** All of some conditions, without what says nothing. */
export function allOf<Leaf extends Node>(...conditions: readonly Condition<Leaf>[]): Condition<Leaf> {
  const told = conditions.flatMap((each) => (isAll(each) ? each.conditions : [each]));
  if (told.some((each) => isNever(each))) return NEVER;
  const [only] = told;
  return told.length === 1 && only !== undefined ? only : { node: "all", conditions: told };
}

/** Any of some conditions, without what cannot be. */
export function anyOf<Leaf extends Node>(...conditions: readonly Condition<Leaf>[]): Condition<Leaf> {
  const told = conditions.flatMap((each) => (isAny(each) ? each.conditions : [each]));
  if (told.some((each) => isAlways(each))) return ALWAYS;
  const [only] = told;
  return told.length === 1 && only !== undefined ? only : { node: "any", conditions: told };
}

/** Some span with a condition; no question where it always holds, no hope where it never does. */
export function someSpan(condition: SpanCondition): TraceCondition {
  if (isAlways(condition)) return ALWAYS;
  return isNever(condition) ? NEVER : { node: "someSpan", condition };
}

/** True for what holds whatever the trace. */
export function isAlways(condition: Condition<Node>): boolean {
  return isAll(condition) && condition.conditions.length === 0;
}

/** Everything that conditions put together ask for, wherever it stands. */
export function leavesIn<Leaf extends Node>(condition: Condition<Leaf>): readonly Leaf[] {
  if (isAll(condition) || isAny(condition)) return condition.conditions.flatMap((each) => leavesIn(each));
  return [condition];
}

function isNever(condition: Condition<Node>): boolean {
  return isAny(condition) && condition.conditions.length === 0;
}

function isAll<Leaf extends Node>(condition: Condition<Leaf>): condition is All<Leaf> {
  return condition.node === "all";
}

function isAny<Leaf extends Node>(condition: Condition<Leaf>): condition is Any<Leaf> {
  return condition.node === "any";
}
