/** Changes to one span before Jaeger's clients see it, each by itself. */

import { compareValues } from "../../../base/compare.ts";
import type { AttributeValue } from "../../../model/attribute-value.ts";
import type { AttributePair, SpanParts } from "./span-parts.ts";

/** Sorts attributes by key, also those of events and links, and events by name; events of one name stay as they are. */
export function sortCollections(parts: SpanParts): void {
  parts.attributes = byKey(parts.attributes);
  parts.events = parts.events
    .map(({ event, attributes }) => ({ event, attributes: byKey(attributes) }))
    .sort((left, right) => compareValues(left.event.name, right.event.name));
  parts.links = parts.links.map((link) => ({
    ...link,
    attributes: Object.fromEntries(byKey(Object.entries(link.attributes))),
  }));
}

/** Sorts pairs by code unit of their keys. */
export function byKey(pairs: readonly AttributePair[]): readonly AttributePair[] {
  return pairs.length < 2 ? pairs : [...pairs].sort(([left], [right]) => compareValues(left, right));
}

/** Keys under which older clients send an IPv4 address as a number. */
const ADDRESS_KEYS: ReadonlySet<string> = new Set(["ip", "peer.ipv4"]);

/** Writes addresses that came as numbers as four numbers with dots. */
export function dotAddresses(parts: SpanParts): void {
  if (!parts.attributes.some(([key]) => ADDRESS_KEYS.has(key))) return;
  parts.attributes = parts.attributes.map(([key, value]) => [
    key,
    ADDRESS_KEYS.has(key) ? dotted(value) : value,
  ]);
}

/** Of a number the lower 32 bits count: signed ones stand for addresses from 128.0.0.0 on. */
function dotted(value: AttributeValue): AttributeValue {
  const isNumber = typeof value === "bigint" || (typeof value === "number" && Number.isInteger(value));
  if (!isNumber) return value;
  const bits = Number(BigInt.asUintN(32, BigInt(value)));
  return [bits >>> 24, (bits >>> 16) & 255, (bits >>> 8) & 255, bits & 255].join(".");
}

/** Attributes that say which library made a span: they belong to the resource. */
const LIBRARY_KEYS: ReadonlySet<string> = new Set([
  "telemetry.sdk.language",
  "telemetry.sdk.name",
  "telemetry.sdk.version",
  "telemetry.distro.name",
  "telemetry.distro.version",
]);

/** What a resource has under a key, and a way to add to it. */
export interface AdjustableResource {
  get(key: string): AttributeValue | undefined;
  add(key: string, value: AttributeValue): void;
}

/** Moves attributes about the library to the resource; one that says otherwise keeps its own and is warned of. */
export function moveLibraryAttributes(parts: SpanParts, resource: AdjustableResource): void {
  if (!parts.attributes.some(([key]) => LIBRARY_KEYS.has(key))) return;
  parts.attributes = parts.attributes.filter(([key, value]) => {
    if (!LIBRARY_KEYS.has(key)) return true;
    const known = resource.get(key);
    if (known === undefined) {
      resource.add(key, value);
      return false;
    }
    if (typeof known === "string" && known === value) return false;
    parts.warnings.push(`conflicting values between Span and Resource for attribute ${key}`);
    return true;
  });
}

/** Drops links that point to no trace. */
export function removeEmptyLinks(parts: SpanParts): void {
  const links = parts.links.filter(({ traceId }) => !/^0*$/.test(traceId));
  for (let at = links.length; at < parts.links.length; at++) {
    parts.warnings.push("Invalid span link removed");
  }
  parts.links = links;
}
