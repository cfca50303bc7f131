/** Conditions that cost a store no more than they can save it. */

import type { SomeSpan, SpanCondition, SpanLeaf, TraceCondition, TraceLeaf } from "./condition.ts";
import { ALWAYS, allOf, anyOf, isAlways, someSpan } from "./condition.ts";

/**
 * Comparisons of attributes that a store is asked for. Where no column has the key, each is a lookup of its own, and the
 * plan of a database grows with the third power of them: half a second of planning for 50, five for 100.
 */
export const MAX_ATTRIBUTE_CONDITIONS: number = 50;

/** All comparisons: a chain is as deep as it is long, and databases refuse what is a thousand deep. */
export const MAX_CONDITIONS: number = 500;

type Leaf = SpanLeaf | TraceLeaf;
type Node = Leaf | SomeSpan | Group;
interface Group {
  readonly node: "all" | "any";
  readonly conditions: readonly Node[];
}

/**
 * A condition of at most so many comparisons that holds wherever the given one does: of what must hold together the
 * first parts that fit, and nothing of a choice that does not fit whole. What is said twice counts once.
 */
export function boundedCondition(condition: TraceCondition): TraceCondition {
  const room: Room = { attributes: MAX_ATTRIBUTE_CONDITIONS, all: MAX_CONDITIONS };
  return fitted(condition, room) as TraceCondition;
}

interface Room {
  attributes: number;
  all: number;
}

function fitted(condition: Node, room: Room): Node {
  switch (condition.node) {
    case "all":
      return allOf(...distinct(condition.conditions).map((each) => fitted(each, room))) as Node;
    case "any":
      return fittedChoice(distinct(condition.conditions), room);
    case "someSpan":
      return someSpan(fitted(condition.condition, room) as SpanCondition) as Node;
    default:
      return take(condition, room) ? condition : ALWAYS;
  }
}

/** Where one part of a choice says nothing any more, the choice says nothing, and takes no room. */
function fittedChoice(conditions: readonly Node[], room: Room): Node {
  const before = { ...room };
  const choice = anyOf(...conditions.map((each) => fitted(each, room))) as Node;
  if (isAlways(choice)) Object.assign(room, before);
  return choice;
}

function take(leaf: Leaf, room: Room): boolean {
  const isAttribute = leaf.node.startsWith("attribute");
  if (room.all < 1 || (isAttribute && room.attributes < 1)) return false;
  room.all--;
  if (isAttribute) room.attributes--;
  return true;
}

/** Comparisons that are there already are left out. */
function distinct(conditions: readonly Node[]): readonly Node[] {
  const seen = new Set<string>();
  return conditions.filter((each) => {
    if ("conditions" in each || each.node === "someSpan") return true;
    const key = keyOf(each);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function keyOf(leaf: Leaf): string {
  return JSON.stringify(leaf, (_name, value: unknown) => {
    if (typeof value === "bigint") return `${value}n`;
    return Object.is(value, -0) ? "-0" : typeof value === "number" ? String(value) : value;
  });
}
