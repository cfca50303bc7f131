/** What Zipkin's search asks of a trace, and what of it a store can look for. */

import { boundedCondition } from "../filter/conditions/bounded-condition.ts";
import { candidateQuery, certainLeaves } from "../filter/conditions/candidate-query.ts";
import type { SpanCondition, SpanLeaf, TraceCondition, TraceLeaf } from "../filter/conditions/condition.ts";
import { ALWAYS, allOf, anyOf, leavesIn, NEVER, someSpan } from "../filter/conditions/condition.ts";
import type { AttributeCondition, TraceQuery } from "../filter/trace-query.ts";
import type { AttributeKeyFacts } from "../model/attribute-facts.ts";
import type { QueryContext } from "./query-context.ts";

/** Criteria of a search; each may be met by a different span of the trace, with a service by spans of it alone. */
export interface ZipkinCriteria {
  /** Lower case; so too the other names. */
  readonly serviceName?: string | undefined;
  readonly remoteServiceName?: string | undefined;
  readonly spanName?: string | undefined;
  /** Tags by key; with the value "" the key of a tag, or an annotation of that value. */
  readonly annotationQuery: ReadonlyMap<string, string>;
  /** Inclusive, 1 or more. */
  readonly minDurationMicros?: bigint | undefined;
  /** Inclusive. */
  readonly maxDurationMicros?: bigint | undefined;
}

/** Spellings of a folded name up to which they are named one by one. */
const MAX_SPELLINGS = 64;
/** Keys, and values of a key, that are asked for: beyond it nothing is said of them. */
const MAX_LISTED = 10_000;

/** Tags that are no attributes but written out of something else of the span. */
const MADE_TAGS: ReadonlySet<string> = new Set([
  "otel.scope.name",
  "otel.scope.version",
  "otel.library.name",
  "otel.library.version",
  "otel.status_description",
  "otel.dropped_attributes_count",
  "otel.dropped_events_count",
  "otel.dropped_links_count",
  "w3c.tracestate",
]);

/** What a store is asked for: every trace that meets the criteria passes both, and others may. */
export interface ZipkinCandidates {
  /** What the store answers fastest. */
  readonly query: TraceQuery;
  /** What the query does not say. */
  readonly where: TraceCondition;
}

/**
 * What a store can look for. Names are compared in lower case, so the spellings that occur are looked up first.
 *
 * @param remoteKeys span attributes, one of which names the other side of every span that has one
 */
export async function zipkinCandidates(
  { catalogue }: Pick<QueryContext, "catalogue">,
  criteria: ZipkinCriteria,
  { remoteKeys, signal }: { readonly remoteKeys: readonly string[]; readonly signal: AbortSignal },
): Promise<ZipkinCandidates> {
  const names = { catalogue, signal };
  const services = await spellingsOfService(names, criteria.serviceName);
  const ofService = anyName("service", services);
  const asked: Part[] = [];
  for (const [key, value] of criteria.annotationQuery) asked.push(await ofAnnotation(names, key, value));
  if (criteria.spanName !== undefined)
    asked.push({ span: await ofName(names, criteria.spanName, services), attributes: [] });
  if (criteria.remoteServiceName !== undefined) {
    asked.push({ span: await ofRemote(names, criteria.remoteServiceName, remoteKeys), attributes: [] });
  }
  if (criteria.minDurationMicros !== undefined) {
    asked.push({ span: ofDuration(criteria, criteria.minDurationMicros), attributes: [] });
  }
  if (asked.length === 0) asked.push({ span: ALWAYS, attributes: [] });
  return candidatesOf(asked.map(({ span, attributes }) => ({ span: allOf(ofService, span), attributes })));
}

/** What some span has to meet: as a condition, and as attributes of a search, which know of every type of value. */
interface Part {
  readonly span: SpanCondition;
  readonly attributes: readonly AttributeCondition[];
}

/** The part that a search says whole is left to it: to ask the same twice takes twice as long. */
function candidatesOf(parts: readonly Part[]): ZipkinCandidates {
  const whole = allOf(...parts.map(({ span }) => someSpan(span)));
  const main = parts.find(({ attributes }) => attributes.length > 0) ?? parts.find(isSearchable) ?? parts[0];
  const rest = parts.filter((part) => part !== main || (part.attributes.length === 0 && !isSearchable(part)));
  // What a search asks of spans has to hold on one of them: of the other parts it may know what the trace lasts.
  const { minDurationNanos } = candidateQuery(whole);
  const ofSpan = main === undefined ? {} : candidateQuery(someSpan(main.span));
  const attributes = main?.attributes ?? [];
  return {
    query: {
      ...ofSpan,
      ...(attributes.length === 0 ? {} : { attributes }),
      ...(minDurationNanos === undefined ? {} : { minDurationNanos }),
    },
    where: isNever(whole) ? whole : boundedCondition(allOf(...rest.map(({ span }) => someSpan(span)))),
  };
}

/** A search asks for one name, one service and errors; of choices and lengths it knows less than the condition. */
function isSearchable({ span }: Part): boolean {
  return certainLeaves(span).length === leavesIn(span).length && leavesIn(span).every(isOfSearch);
}

function isOfSearch(leaf: SpanLeaf | TraceLeaf): boolean {
  return (
    leaf.node === "service" || leaf.node === "name" || (leaf.node === "status" && leaf.equals === "error")
  );
}

function isNever(condition: TraceCondition): boolean {
  return condition.node === "any" && condition.conditions.length === 0;
}

interface Names extends Pick<QueryContext, "catalogue"> {
  readonly signal: AbortSignal;
}

/** Undefined: any service. What was sent in lower case is among them, whether it is listed or not. */
async function spellingsOfService(
  { catalogue }: Names,
  serviceName: string | undefined,
): Promise<readonly string[] | undefined> {
  if (serviceName === undefined) return undefined;
  return withSpellings(serviceName, await catalogue.services());
}

async function ofName(
  { catalogue }: Names,
  spanName: string,
  services: readonly string[] | undefined,
): Promise<SpanCondition> {
  const listed: string[] = [];
  for (const service of services ?? (await catalogue.services())) {
    for (const { name } of await catalogue.operations(service)) listed.push(name);
  }
  return anyName("name", withSpellings(spanName, listed));
}

function withSpellings(folded: string, listed: readonly string[]): string[] {
  return [...new Set([folded, ...listed.filter((name) => name.toLowerCase() === folded)])];
}

function anyName(node: "service" | "name", names: readonly string[] | undefined): SpanCondition {
  if (names === undefined || names.length > MAX_SPELLINGS) return ALWAYS;
  return anyOf(...names.map((equals): SpanLeaf => ({ node, equals })));
}

/** @param remoteKeys those that occur on no span are passed over. */
async function ofRemote(
  names: Names,
  remoteName: string,
  remoteKeys: readonly string[],
): Promise<SpanCondition> {
  const request = { level: "span", limit: MAX_LISTED, signal: names.signal } as const;
  const { keys, isWhole } = await names.catalogue.attributeKeys(request);
  const facts = new Map(keys.map((each) => [each.key, each]));
  const ofKeys = remoteKeys.map(async (key): Promise<SpanCondition> => {
    const known = facts.get(key);
    if (known === undefined && isWhole) return NEVER;
    const isText = isWhole && known?.types.every((type) => type === "string") === true;
    return isText ? await remoteKeyEquals(names, key, remoteName) : existsOnSpan(key);
  });
  return anyOf(...(await Promise.all(ofKeys)));
}

function existsOnSpan(key: string): SpanLeaf {
  return { node: "attributeExists", scope: "span", key };
}

async function remoteKeyEquals(
  { catalogue, signal }: Names,
  key: string,
  remoteName: string,
): Promise<SpanCondition> {
  const request = { level: "span", key, prefix: remoteName, limit: MAX_LISTED, signal } as const;
  const { values, isWhole } = await catalogue.attributeValues(request);
  const spelled = values.filter(({ text }) => text.toLowerCase() === remoteName);
  if (!isWhole || spelled.length > MAX_SPELLINGS) return existsOnSpan(key);
  const leaves = spelled.map(({ text: value }): SpanLeaf => {
    return { node: "attribute", scope: "span", key, equals: { type: "string", value } };
  });
  return anyOf(...leaves);
}

/** Zipkin's microseconds are floored, but whatever took time took one. */
function ofDuration({ maxDurationMicros }: ZipkinCriteria, minDurationMicros: bigint): SpanCondition {
  const minNanos = minDurationMicros === 1n ? 1n : minDurationMicros * 1_000n;
  if (maxDurationMicros === undefined) return { node: "duration", minNanos };
  return { node: "duration", minNanos, maxNanos: maxDurationMicros * 1_000n + 999n };
}

async function ofAnnotation(names: Names, key: string, value: string): Promise<Part> {
  if (MADE_TAGS.has(key) || key.startsWith("otel.link.")) return { span: ALWAYS, attributes: [] };
  const { facts, isWhole } = await factsOf(names, key);
  if (value !== "") return ofTag(key, value, isWhole ? facts : undefined);
  // An annotation with attributes is their JSON behind the name in quotes.
  const isAnnotation = key.startsWith('"') || (await isEventName(names, key));
  const span = isAnnotation ? ALWAYS : anyOf(ofStatus(key), tagExists(key, isWhole ? facts : undefined));
  return { span, attributes: [] };
}

/** The tags that tell of the status stand for no attribute. */
function ofStatus(key: string): SpanCondition {
  const error: SpanLeaf = { node: "status", equals: "error" };
  if (key === "error") return error;
  return key === "otel.status_code" ? anyOf(error, { node: "status", equals: "ok" }) : NEVER;
}

interface KeyFacts {
  readonly facts: readonly AttributeKeyFacts[];
  readonly isWhole: boolean;
}

async function factsOf({ catalogue, signal }: Names, key: string): Promise<KeyFacts> {
  const { keys, isWhole } = await catalogue.attributeKeys({ prefix: key, limit: MAX_LISTED, signal });
  return { facts: keys.filter((each) => each.key === key), isWhole };
}

/** @param facts undefined when they are not all known */
function tagExists(key: string, facts: readonly AttributeKeyFacts[] | undefined): SpanCondition {
  if (isOnScopes(facts)) return ALWAYS;
  return occurs(facts) ? { node: "attributeExists", scope: "any", key } : NEVER;
}

/** A scope's attributes are tags too, and no store looks for them. */
function isOnScopes(facts: readonly AttributeKeyFacts[] | undefined): boolean {
  return facts === undefined || facts.some(({ level }) => level === "instrumentation");
}

function occurs(facts: readonly AttributeKeyFacts[] | undefined): boolean {
  return facts === undefined || facts.some(({ level }) => level === "span" || level === "resource");
}

function ofTag(key: string, value: string, facts: readonly AttributeKeyFacts[] | undefined): Part {
  const ofOther = ofStatus(key);
  if (isOnScopes(facts)) return { span: ALWAYS, attributes: [] };
  if (!occurs(facts)) return { span: ofOther, attributes: [] };
  const exists: SpanLeaf = { node: "attributeExists", scope: "any", key };
  // A list or map is a tag of JSON; a search would ask for an element of it.
  if (isMadeOfStatus(key) || /^[[{]/.test(value)) return { span: anyOf(ofOther, exists), attributes: [] };
  return { span: exists, attributes: [{ key, value }] };
}

function isMadeOfStatus(key: string): boolean {
  return key === "error" || key === "otel.status_code";
}

async function isEventName({ catalogue, signal }: Names, name: string): Promise<boolean> {
  const request = { level: "intrinsic", key: "event:name", prefix: name, limit: MAX_LISTED, signal } as const;
  const { values, isWhole } = await catalogue.attributeValues(request);
  return !isWhole || values.some(({ text }) => text === name);
}
