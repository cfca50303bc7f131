/** What of a half-written query is finished: enough to narrow down what may come next. */

import type { Pipeline, Query } from "../filter/query-model.ts";
import { parseQuery } from "./parse-query.ts";
import { TraceQlError } from "./traceql-error.ts";

/**
 * The spans that a query asks for as far as it is finished: all of it when it is whole, else those conditions between the
 * `&&` of its one filter that can be read; undefined when nothing narrows the spans down. Never throws for a text that is
 * no query.
 *
 * @example
 * finishedConditions('{ span.a = "x" && span.b = }'); // the pipeline of { span.a = "x" }
 */
export function finishedConditions(text: string): Pipeline | undefined {
  const whole = queryOf(text);
  if (whole !== undefined) return narrowing(spansOf(whole));
  const conditions = conjunctsOf(text)?.filter(isCondition) ?? [];
  if (conditions.length === 0) return undefined;
  const finished = queryOf(`{ ${conditions.join(" && ")} }`);
  return finished === undefined ? undefined : narrowing(spansOf(finished));
}

/** The query; undefined when it cannot be read. */
function queryOf(text: string): Query | undefined {
  try {
    return parseQuery(text);
  } catch (thrown) {
    if (thrown instanceof TraceQlError) return undefined;
    throw thrown;
  }
}

function spansOf({ expression }: Query): Pipeline | undefined {
  if (expression.node === "pipeline") return expression;
  return expression.node === "metrics" ? expression.spans : undefined;
}

function narrowing(pipeline: Pipeline | undefined): Pipeline | undefined {
  const isAnything = pipeline?.stages.every(
    (stage) => stage.node === "filter" && stage.condition === undefined,
  );
  return isAnything === true ? undefined : pipeline;
}

/** A name alone asks for truth values; half-written it more likely waits for its comparison. */
function isCondition(text: string): boolean {
  const query = text.trim() === "" ? undefined : queryOf(`{ ${text} }`);
  const stage = query === undefined ? undefined : spansOf(query)?.stages[0];
  return stage?.node === "filter" && stage.condition?.node !== "attribute";
}

/** Brackets and operators outside of texts; what is between quotes is skipped, to the end when it is open. */
const PARTS = /"(?:[^"\\]|\\.)*"?|`[^`]*`?|&&|\|\||[{}()]/gs;

const DEPTHS: ReadonlyMap<string, number> = new Map([
  ["(", 1],
  [")", -1],
]);
const LOGICAL: ReadonlySet<string> = new Set(["&&", "||"]);

/** What stands between the `&&` of the only filter; undefined when there are several, or an `||`. */
function conjunctsOf(text: string): readonly string[] | undefined {
  const parts = [...text.matchAll(PARTS)];
  const opening = parts.findIndex(({ 0: part }) => part === "{");
  if (opening < 0 || parts.slice(opening + 1).some(({ 0: part }) => part === "{")) return undefined;
  const closing = parts.slice(opening).find(({ 0: part }) => part === "}");
  const end = closing?.index ?? text.length;
  const inside = parts.slice(opening + 1).filter(({ index }) => index < end);
  const conjuncts: string[] = [];
  let start = (parts[opening]?.index ?? 0) + 1;
  let depth = 0;
  for (const { 0: part, index } of inside) {
    depth += DEPTHS.get(part) ?? 0;
    if (depth > 0 || !LOGICAL.has(part)) continue;
    if (part === "||") return undefined;
    conjuncts.push(text.slice(start, index));
    start = index + part.length;
  }
  return [...conjuncts, text.slice(start, end)];
}
