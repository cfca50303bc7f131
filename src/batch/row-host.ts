/** The host of a row. */

import { hostKeyOf } from "../model/host-key.ts";
import { resourceOf } from "./row-envelope.ts";
import { resourceEntryOf } from "./row-names.ts";
import type { ResourceEntry, SpanRow } from "./span-batch.ts";

/** A resource is decoded once for all of its rows, which may be of many traces. */
const KNOWN: WeakMap<ResourceEntry, string> = new WeakMap();

/** `hostKeyOf` of the row's resource. */
export function hostKeyOfRow(row: SpanRow): string {
  const entry = resourceEntryOf(row);
  let key = KNOWN.get(entry);
  if (key === undefined) {
    key = hostKeyOf(resourceOf(row).attributes);
    KNOWN.set(entry, key);
  }
  return key;
}
