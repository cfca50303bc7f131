/** Advice for what stands where it cannot. */

import { nearestName } from "../base/nearest-name.ts";
import { SCOPE_WORDS } from "./words.ts";

/** What people write who come from other languages. */
const HABITS: ReadonlyMap<string, string> = new Map([
  ["==", "="],
  ["===", "="],
  ["=>", ">="],
  ["=<", "<="],
  ["&", "&&"],
  ["and", "&&"],
  ["or", "||"],
  ["not", "!"],
  ["null", "nil"],
  ["like", "=~"],
  ["matches", "=~"],
  ["is", "="],
]);

/** Words shorter than this are near to everything. */
const SHORTEST_NEIGHBOUR = 4;

/** How to mend a token that was not expected; `candidates` are the words that were. */
export function suggestionFor(token: string, candidates: Iterable<string> = []): string | undefined {
  const habit = HABITS.get(token) ?? HABITS.get(token.toLowerCase());
  if (habit !== undefined) return `write \`${habit}\``;
  if (token.length < SHORTEST_NEIGHBOUR) return undefined;
  const near = nearestName(token, candidates);
  return near === undefined || near === token ? undefined : `did you mean \`${near}\`?`;
}

/** The scope that a word before a dot was probably meant to be. */
export function nearestScope(word: string): string | undefined {
  return word.length < SHORTEST_NEIGHBOUR ? undefined : nearestName(word, SCOPE_WORDS.keys());
}
