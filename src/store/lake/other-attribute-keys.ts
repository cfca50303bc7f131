/** Span attribute keys whose columns do not tell everything: some of their values fit no column. */

import type { AttributePairs } from "./attribute-pairs.ts";
import { PairType } from "./attribute-pairs.ts";

/** Keys named in `meta.json`, and characters of all of them: senders that make keys up do not fill it. */
const MAX_KEYS = 1_000;
const MAX_CHARACTERS = 32_768;

/** The keys of a seal, sorted; undefined when they are too many to name. */
export function otherAttributeKeys(pairs: AttributePairs): readonly string[] | undefined {
  const { types, keyIds, count } = pairs;
  const ids = new Set<number>();
  for (let pair = 0; pair < count; pair++) if (types[pair] === PairType.OTHER) ids.add(keyIds[pair]!);
  if (ids.size > MAX_KEYS) return undefined;
  return namedKeys(Array.from(ids, (id) => pairs.keyText(id)));
}

/** The keys of a segment merged from others; undefined when one of them does not know its own. */
export function unitedKeys(
  keysOfEach: readonly (readonly string[] | undefined)[],
): readonly string[] | undefined {
  const keys = new Set<string>();
  for (const some of keysOfEach) {
    if (some === undefined) return undefined;
    for (const key of some) keys.add(key);
  }
  return namedKeys([...keys]);
}

function namedKeys(keys: readonly string[]): readonly string[] | undefined {
  const characters = keys.reduce((sum, key) => sum + key.length, 0);
  return keys.length > MAX_KEYS || characters > MAX_CHARACTERS ? undefined : [...keys].sort();
}
