/** Searches by tags, as they were before there was a query language, written in TraceQL. */

import { durationText, fieldText, stringText } from "../traceql/print-value.ts";

/** Conditions that all hold on one span of the trace; durations are the trace's. */
export interface TagSearch {
  readonly tags: readonly { readonly key: string; readonly value: string }[];
  readonly minDurationNanos?: bigint | undefined;
  readonly maxDurationNanos?: bigint | undefined;
}

/** Tags that mean something other than an attribute of that name. */
const FIELD_OF_TAG: ReadonlyMap<string, string> = new Map([
  ["name", "span:name"],
  ["root.name", "trace:rootName"],
  ["root.service.name", "trace:rootService"],
]);
const STATUS_WORDS: ReadonlySet<string> = new Set(["unset", "ok", "error"]);
const NUMBER = /^-?\d{1,18}(?:\.\d{1,18})?$/;
const PATTERN_CHARACTERS = /[\\^$.*+?()[\]{}|]/g;
const SOURCE = { start: 0, end: 0 };

/**
 * The query that a search by tags means: a text is found anywhere in the value, whatever its case; a number or a truth
 * value is also equal to one. No tags at all match every trace.
 *
 * @example
 * tagQuery({ tags: [{ key: "http.method", value: "get" }] }); // { .http.method =~ "(?i).*get.*" }
 */
export function tagQuery({ tags, minDurationNanos, maxDurationNanos }: TagSearch): string {
  const conditions = tags.map(conditionOf);
  if (minDurationNanos !== undefined) conditions.push(`trace:duration >= ${durationText(minDurationNanos)}`);
  if (maxDurationNanos !== undefined) conditions.push(`trace:duration <= ${durationText(maxDurationNanos)}`);
  return conditions.length === 0 ? "{ }" : `{ ${conditions.join(" && ")} }`;
}

function conditionOf({ key, value }: TagSearch["tags"][number]): string {
  if (key === "error" && value === "true") return "span:status = error";
  if (key === "status.code" && STATUS_WORDS.has(value)) return `span:status = ${value}`;
  const special = FIELD_OF_TAG.get(key);
  const field = special ?? fieldText({ node: "attribute", scope: "any", key, ...SOURCE });
  const anywhere = `${field} =~ ${stringText(`(?is).*${value.replace(PATTERN_CHARACTERS, "\\$&")}.*`)}`;
  const isOther = special === undefined && (NUMBER.test(value) || value === "true" || value === "false");
  return isOther ? `(${anywhere} || ${field} = ${value})` : anywhere;
}
