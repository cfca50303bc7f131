/** Tags and their values in JSON and in protobuf: `SearchTagsResponse`, `SearchTagValuesResponse` and their second versions. */

import { ProtobufWriter } from "../../base/protobuf-writer.ts";
import type { AttributeKeyFacts } from "../../model/attribute-facts.ts";
import type { FoundAttributeValue } from "../../query/attribute-questions.ts";
import type { TagScope, TagVersion } from "./tag-request.ts";

/** An entry of an answer, ready to be written in either form. */
export interface TagEntry {
  readonly json: string | object;
  /** With its tag: such pieces and {@link TAGS_END} are a response. */
  readonly bytes: Uint8Array;
}

/** Tags of one scope, without it in front. */
export interface ScopeTags {
  readonly name: string;
  readonly tags: readonly string[];
}

/** Names that are no attributes, as Tempo lists them; the language knows more. */
const INTRINSIC_TAGS: readonly string[] = [
  "duration",
  "event:name",
  "event:timeSinceStart",
  "instrumentation:name",
  "instrumentation:version",
  "kind",
  "name",
  "rootName",
  "rootServiceName",
  "span:duration",
  "span:kind",
  "span:name",
  "span:status",
  "span:statusMessage",
  "status",
  "statusMessage",
  "trace:duration",
  "trace:rootName",
  "trace:rootService",
  "traceDuration",
];

/** Order of the scopes in an answer. */
const SCOPE_ORDER = ["resource", "span", "event", "link", "instrumentation"] as const;

/** Tags by scope; a scope without tags is left out. */
export function scopesOf(
  keys: readonly AttributeKeyFacts[],
  scope: TagScope,
  limit: number,
): readonly ScopeTags[] {
  const scopes: ScopeTags[] = SCOPE_ORDER.map((name) => {
    const own = keys.filter(({ level }) => level === name);
    return { name, tags: own.slice(0, limit).map(({ key }) => key) };
  });
  if (scope === "" || scope === "intrinsic") scopes.push({ name: "intrinsic", tags: INTRINSIC_TAGS });
  return scopes.filter(({ tags }) => tags.length > 0);
}

/** UTF-16 units of the tags of one part of a scope, at most three bytes each: a part fits into a message. */
const MAX_PART_LENGTH = 256 * 1024;

/** Scopes in parts, each with some of its tags: a reader of all messages of a stream has them all. */
export function* scopeParts(scopes: readonly ScopeTags[]): Generator<ScopeTags, void> {
  for (const { name, tags } of scopes) {
    let part: string[] = [];
    let length = 0;
    for (const tag of tags) {
      if (part.length > 0 && length + tag.length > MAX_PART_LENGTH) {
        yield { name, tags: part };
        part = [];
        length = 0;
      }
      part.push(tag);
      length += tag.length;
    }
    yield { name, tags: part };
  }
}

/** The first version has one list, with intrinsics only where they are asked for. */
export function tagNamesOf(scopes: readonly ScopeTags[], scope: TagScope): readonly string[] {
  const told = scopes.filter(({ name }) => name !== "intrinsic" || scope === "intrinsic");
  return [...new Set(told.flatMap(({ tags }) => tags))];
}

/** One job, which is the whole question. */
const JOBS = { totalJobs: 1, completedJobs: 1 } as const;
const RESPONSE = { entries: 1, metrics: 2 } as const;
const METRICS = { totalJobs: 2, completedJobs: 3 } as const;
const SCOPE = { name: 1, tags: 2 } as const;
const VALUE = { type: 1, value: 2 } as const;

/** The answer as text in pieces; `list` is the name of the entries. */
export function* tagsJsonChunks(list: string, entries: Iterable<TagEntry>): Generator<string, void> {
  yield `{"${list}":[`;
  let separator = "";
  for (const { json } of entries) {
    yield separator + JSON.stringify(json);
    separator = ",";
  }
  yield `],"metrics":${JSON.stringify(JOBS)}}`;
}

/** What a response of tags tells besides its entries. */
export function tagsEndBytes(): Uint8Array {
  const writer = new ProtobufWriter(16);
  const mark = writer.begin(RESPONSE.metrics);
  writer.uint32(METRICS.totalJobs, JOBS.totalJobs);
  writer.uint32(METRICS.completedJobs, JOBS.completedJobs);
  writer.end(mark);
  return writer.finish();
}

/** Texts, as the first versions list both tags and values. */
export function textEntries(texts: Iterable<string>): readonly TagEntry[] {
  return Array.from(texts, (text) => {
    const writer = new ProtobufWriter(64);
    writer.text(RESPONSE.entries, text);
    return { json: text, bytes: writer.finish() };
  });
}

/** Scopes with their tags. */
export function scopeEntries(scopes: Iterable<ScopeTags>): readonly TagEntry[] {
  return Array.from(scopes, (scope) => {
    const writer = new ProtobufWriter();
    const mark = writer.begin(RESPONSE.entries);
    writer.text(SCOPE.name, scope.name);
    for (const tag of scope.tags) writer.text(SCOPE.tags, tag);
    writer.end(mark);
    return { json: scope, bytes: writer.finish() };
  });
}

/** Values: with their types in the second version, each text once in the first. */
export function valueEntries(
  values: readonly FoundAttributeValue[],
  version: TagVersion,
): readonly TagEntry[] {
  if (version === "v1") return textEntries(new Set(values.map(({ text }) => text)));
  return values.map(({ type, text }) => {
    const writer = new ProtobufWriter(64);
    const mark = writer.begin(RESPONSE.entries);
    writer.text(VALUE.type, type);
    if (text !== "") writer.text(VALUE.value, text);
    writer.end(mark);
    return { json: { type, ...(text === "" ? {} : { value: text }) }, bytes: writer.finish() };
  });
}
