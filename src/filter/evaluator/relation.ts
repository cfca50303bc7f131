/** Relations between spans of a trace's tree, each in one walk over it. */

import type { StructuralRelation } from "../query-model.ts";
import type { NestedSets } from "./nested-sets.ts";

const OPPOSITE: Readonly<Record<StructuralRelation, StructuralRelation>> = Object.freeze({
  child: "parent",
  parent: "child",
  descendant: "ancestor",
  ancestor: "descendant",
  sibling: "sibling",
});

/** What is asked of two sets of spans. */
export interface RelationQuestion {
  readonly relation: StructuralRelation;
  readonly form: "plain" | "not" | "union";
  readonly left: readonly number[];
  readonly right: readonly number[];
}

/**
 * The spans of the right that are related to one of the left; with `not`, those related to none; with `union`, the
 * related ones of both sides. Ascending. Spans without nested-set numbers are in no answer.
 */
export function relatedSpans(sets: NestedSets, { relation, form, left, right }: RelationQuestion): number[] {
  const isRelated = relatedTo(sets, relation, left);
  const found = right.filter(
    (span) => sets.lefts[span] !== 0 && (isRelated[span] === 1) === (form !== "not"),
  );
  if (form !== "union") return found;
  const isLeftRelated = relatedTo(sets, OPPOSITE[relation], right);
  const foundLeft = left.filter((span) => sets.lefts[span] !== 0 && isLeftRelated[span] === 1);
  return [...new Set([...found, ...foundLeft])].sort((one, other) => one - other);
}

/** 1 for every span with numbers that is the `relation` of one of `others`. */
function relatedTo(sets: NestedSets, relation: StructuralRelation, others: readonly number[]): Uint8Array {
  const isOther = new Uint8Array(sets.lefts.length);
  for (const span of others) if (sets.lefts[span] !== 0) isOther[span] = 1;
  switch (relation) {
    case "child":
      return childrenOf(sets, isOther);
    case "parent":
      return parentsOf(sets, isOther);
    case "descendant":
      return descendantsOf(sets, isOther);
    case "ancestor":
      return ancestorsOf(sets, isOther);
    case "sibling":
      return siblingsOf(sets, isOther);
  }
}

function childrenOf({ preorder, parents }: NestedSets, isOther: Uint8Array): Uint8Array {
  const related = new Uint8Array(isOther.length);
  for (const span of preorder) {
    const parent = parents[span] as number;
    if (parent !== -1 && isOther[parent] === 1) related[span] = 1;
  }
  return related;
}

function parentsOf({ preorder, parents }: NestedSets, isOther: Uint8Array): Uint8Array {
  const related = new Uint8Array(isOther.length);
  for (const span of preorder) {
    const parent = parents[span] as number;
    if (parent !== -1 && isOther[span] === 1) related[parent] = 1;
  }
  return related;
}

/** Parents come first, so each span only asks its parent. */
function descendantsOf({ preorder, parents }: NestedSets, isOther: Uint8Array): Uint8Array {
  const related = new Uint8Array(isOther.length);
  for (const span of preorder) {
    const parent = parents[span] as number;
    if (parent !== -1 && (isOther[parent] === 1 || related[parent] === 1)) related[span] = 1;
  }
  return related;
}

/** Backwards children come first, so each span tells its parent. */
function ancestorsOf({ preorder, parents }: NestedSets, isOther: Uint8Array): Uint8Array {
  const related = new Uint8Array(isOther.length);
  for (let at = preorder.length - 1; at >= 0; at--) {
    const span = preorder[at] as number;
    const parent = parents[span] as number;
    if (parent !== -1 && (isOther[span] === 1 || related[span] === 1)) related[parent] = 1;
  }
  return related;
}

/** Children of one parent; roots have none, so they are nobody's siblings, and no span is its own. */
function siblingsOf({ preorder, parents }: NestedSets, isOther: Uint8Array): Uint8Array {
  const related = new Uint8Array(isOther.length);
  const otherChildren = new Int32Array(isOther.length);
  for (const span of preorder) {
    const parent = parents[span] as number;
    if (parent !== -1 && isOther[span] === 1) otherChildren[parent] = (otherChildren[parent] as number) + 1;
  }
  for (const span of preorder) {
    const parent = parents[span] as number;
    if (parent === -1) continue;
    const others = (otherChildren[parent] as number) - (isOther[span] as number);
    if (others > 0) related[span] = 1;
  }
  return related;
}
