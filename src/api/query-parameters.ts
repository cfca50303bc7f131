/** Query parameters: one description of each, from which requests are read and the OpenAPI document is written. */

import { TracAggError } from "../base/errors.ts";
import { nearestName } from "../base/nearest-name.ts";
import { MOMENT_FORMS, nanosFromMillisText, unixNanoFromText } from "../query/moment-text.ts";

/** A JSON Schema (2020-12), as OpenAPI 3.1 uses it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** One query parameter. */
export interface QueryParameter<Value> {
  readonly description: string;
  readonly schema: JsonSchema;
  readonly required: boolean;
  /** May be given more than once. */
  readonly repeatable: boolean;
  /** Reads the texts given (none when absent, one unless repeatable); throws `invalid_argument`. */
  read(texts: readonly string[], name: string): Value;
}

/** Parameters by name. */
export type ParameterMap = Readonly<Record<string, QueryParameter<unknown>>>;

/** What reading a {@link ParameterMap} gives. */
export type ParameterValues<Parameters extends ParameterMap> = {
  readonly [Name in keyof Parameters]: Parameters[Name] extends QueryParameter<infer Value> ? Value : never;
};

/** An `invalid_argument` that names the parameter, what was expected and what came. */
export function refusedParameter(name: string, expected: string, got: string): TracAggError {
  return new TracAggError("invalid_argument", `${name}: expected ${expected}, got "${got}"`, {
    field: name,
  });
}

function single<Value>(
  description: string,
  schema: JsonSchema,
  read: (text: string | undefined, name: string) => Value,
  required = false,
): QueryParameter<Value> {
  return {
    description,
    schema,
    required,
    repeatable: false,
    read: ([text], name) => read(text, name),
  };
}

function nonEmpty(text: string, name: string): string {
  if (text === "") throw refusedParameter(name, "a text, or no such parameter at all", "");
  return text;
}

/** Any text but the empty one. */
export function textParameter(description: string): QueryParameter<string | undefined> {
  return single(description, { type: "string", minLength: 1 }, (text, name) =>
    text === undefined ? undefined : nonEmpty(text, name),
  );
}

/** Any text but the empty one; must be there. */
export function requiredTextParameter(description: string): QueryParameter<string> {
  const read = (text: string | undefined, name: string): string => {
    if (text !== undefined) return nonEmpty(text, name);
    throw new TracAggError("invalid_argument", `${name}: is required; add ?${name}=...`, { field: name });
  };
  return single(description, { type: "string", minLength: 1 }, read, true);
}

/** A token out of an earlier answer; empty means the first page. */
export function tokenParameter(description: string): QueryParameter<string | undefined> {
  return single(description, { type: "string" }, (text) => text);
}

/** Any text, the empty one too. */
export function anyTextParameter(description: string): QueryParameter<string | undefined> {
  return single(description, { type: "string" }, (text) => text);
}

/** `true` or `false`. */
export function booleanParameter(description: string): QueryParameter<boolean | undefined> {
  return single(description, { type: "boolean" }, (text, name) => {
    if (text === undefined || text === "true" || text === "false") {
      return text === undefined ? undefined : text === "true";
    }
    throw refusedParameter(name, "true or false", text);
  });
}

/** A whole number in a range. */
export function wholeNumberParameter(
  description: string,
  range: { readonly minimum: number; readonly maximum: number; readonly default: number },
): QueryParameter<number> {
  return single(description, { type: "integer", ...range }, (text, name) => {
    if (text === undefined) return range.default;
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= range.minimum && value <= range.maximum) return value;
    throw refusedParameter(name, `a whole number from ${range.minimum} to ${range.maximum}`, text);
  });
}

/** A whole number from 0, or none. */
export function optionalWholeNumberParameter(
  description: string,
  maximum: number,
): QueryParameter<number | undefined> {
  return single(description, { type: "integer", minimum: 0, maximum }, (text, name) => {
    if (text === undefined) return undefined;
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value <= maximum) return value;
    throw refusedParameter(name, `a whole number from 0 to ${maximum}`, text);
  });
}

/** A length of time in milliseconds, read exactly into nanoseconds. */
export function millisParameter(description: string): QueryParameter<bigint | undefined> {
  return single(description, { type: "number", minimum: 0 }, (text, name) =>
    text === undefined ? undefined : nanosFromMillisText(text, name),
  );
}

/** A length of time in milliseconds with a default. */
export function millisParameterWithDefault(
  description: string,
  defaultMillis: number,
): QueryParameter<number> {
  return single(description, { type: "number", minimum: 0, default: defaultMillis }, (text, name) =>
    text === undefined ? defaultMillis : Number(nanosFromMillisText(text, name)) / 1e6,
  );
}

/** One of a few words. */
export function choiceParameter<Word extends string>(
  description: string,
  words: readonly Word[],
  defaultWord: Word,
): QueryParameter<Word> {
  return single(description, { type: "string", enum: words, default: defaultWord }, (text, name) =>
    text === undefined ? defaultWord : wordFrom(text, name, words),
  );
}

/** One of a few words, or none. */
export function optionalChoiceParameter<Word extends string>(
  description: string,
  words: readonly Word[],
): QueryParameter<Word | undefined> {
  return single(description, { type: "string", enum: words }, (text, name) =>
    text === undefined ? undefined : wordFrom(text, name, words),
  );
}

function wordFrom<Word extends string>(text: string, name: string, words: readonly Word[]): Word {
  const word = words.find((candidate) => candidate === text);
  if (word !== undefined) return word;
  const nearest = nearestName(text, words);
  const hint = nearest === undefined ? "" : ` (did you mean "${nearest}"?)`;
  throw refusedParameter(name, `one of ${words.join(", ")}${hint}`, text);
}

/** A moment; checked here, kept as text so that it means the same on every page. */
export function momentParameter(description: string): QueryParameter<string | undefined> {
  return single(`${description} As ${MOMENT_FORMS}.`, { type: "string", minLength: 1 }, (text, name) => {
    if (text !== undefined) unixNanoFromText(text, name, 0);
    return text;
  });
}

/** `key=value` conditions, split at the first `=`. */
export function attributesParameter(
  description: string,
): QueryParameter<readonly { readonly key: string; readonly value: string }[]> {
  return {
    description,
    schema: { type: "array", items: { type: "string", pattern: "^[^=]+=" } },
    required: false,
    repeatable: true,
    read: (texts, name) =>
      texts.map((text) => {
        const split = text.indexOf("=");
        if (split < 1) throw refusedParameter(name, "key=value (http.response.status_code=500)", text);
        return { key: text.slice(0, split), value: text.slice(split + 1) };
      }),
  };
}

/** Most parameters in one request: far above any use, and bounds the work of refusing. */
const MAX_PARAMETERS = 200;

/**
 * Reads the query string of a request.
 *
 * @throws TracAggError `invalid_argument` for an unknown or wrongly repeated parameter and for a value that cannot be
 * read; the message names the parameter, what was expected, what came, and the nearest valid name.
 */
export function readParameters<Parameters extends ParameterMap>(
  parameters: Parameters,
  search: URLSearchParams,
): ParameterValues<Parameters> {
  if (search.size > MAX_PARAMETERS) {
    const message = `expected at most ${MAX_PARAMETERS} query parameters, got ${search.size}`;
    throw new TracAggError("invalid_argument", message);
  }
  for (const name of new Set(search.keys())) {
    const parameter = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    if (parameter === undefined) throw unknownParameter(name, Object.keys(parameters));
    const count = search.getAll(name).length;
    if (count > 1 && !parameter.repeatable) {
      throw new TracAggError("invalid_argument", `${name}: expected once, got ${count} times`, {
        field: name,
      });
    }
  }
  const values = Object.entries(parameters).map(([name, parameter]) => [
    name,
    parameter.read(search.getAll(name), name),
  ]);
  return Object.fromEntries(values) as ParameterValues<Parameters>;
}

function unknownParameter(name: string, names: readonly string[]): TracAggError {
  const nearest = nearestName(name, names);
  const hint = nearest === undefined ? "" : `; did you mean "${nearest}"?`;
  const valid = names.length === 0 ? "none is expected here" : `expected ${names.join(", ")}`;
  return new TracAggError("invalid_argument", `unknown query parameter "${name}": ${valid}${hint}`, {
    field: name,
  });
}
