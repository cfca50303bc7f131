/** Regular expressions over whole texts, in linear time. */

import { RE2JS } from "re2js";
import { FilterError } from "../filter-error.ts";

/** Says of a text whether a pattern matches all of it. */
export type TextPattern = (text: string) => boolean;

const SYNTAX = /[.*+?()[\]{}^$|]/;

/**
 * Prepares a regular expression (RE2 syntax, matched against the whole text; `.` is any character but a line break).
 * A plain text, a choice of plain texts and a plain text with `.*` behind it are compared without the machine.
 *
 * @param start where the pattern stands in the text of its query
 * @throws FilterError when it is no regular expression.
 */
export function textPattern(pattern: string, start: number): TextPattern {
  return simplePattern(pattern) ?? compiledPattern(pattern, start);
}

function compiledPattern(pattern: string, start: number): TextPattern {
  try {
    const machine = RE2JS.compile(pattern);
    return (text) => machine.testExact(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FilterError(
      start,
      `expected a regular expression (RE2 syntax), got ${JSON.stringify(pattern)}: ${reason}`,
      cause,
    );
  }
}

/** The texts a pattern matches, when it is one text or a choice of texts; undefined when it is more than that. */
export function plainChoices(pattern: string): readonly string[] | undefined {
  const texts: string[] = [];
  for (const choice of splitChoices(pattern)) {
    const text = plainText(choice);
    if (text === undefined) return undefined;
    texts.push(text);
  }
  return texts;
}

function simplePattern(pattern: string): TextPattern | undefined {
  const choices = plainChoices(pattern);
  if (choices !== undefined) {
    const [only] = choices;
    if (choices.length === 1) return (text) => text === only;
    const wanted = new Set(choices);
    return (text) => wanted.has(text);
  }
  const prefix = pattern.endsWith(".*") ? plainText(pattern.slice(0, -2)) : undefined;
  if (prefix === undefined) return undefined;
  return (text) => text.startsWith(prefix) && !text.includes("\n", prefix.length);
}

/** The parts between bars; a bar behind a backslash is a character. */
function splitChoices(pattern: string): string[] {
  return pattern.split(/(?<!\\)\|/);
}

/** What a pattern stands for when it is one text: dots and the like behind a backslash are themselves. */
function plainText(pattern: string): string | undefined {
  const unescaped = pattern.replaceAll(/\\[.\-/|+*?()[\]{}^$]/g, "");
  if (unescaped.includes("\\") || SYNTAX.test(unescaped)) return undefined;
  return pattern.replaceAll(/\\(.)/g, "$1");
}
