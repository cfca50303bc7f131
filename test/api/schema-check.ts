/** A structural check of values against the JSON Schema subset the document uses. */

import type { JsonSchema } from "../../src/api/query-parameters.ts";

type Schemas = Readonly<Record<string, JsonSchema>>;

const KNOWN_KEYWORDS = new Set(
  "$ref type properties required additionalProperties items enum pattern minimum maximum minLength anyOf description".split(
    " ",
  ),
);

/** What is wrong with a value, as `path: reason`; empty when it fits. */
export function schemaFaults(value: unknown, schema: JsonSchema, schemas: Schemas, path = "$"): string[] {
  const unknown = Object.keys(schema).filter((keyword) => !KNOWN_KEYWORDS.has(keyword));
  if (unknown.length > 0) return [`${path}: this check does not know ${unknown.join(", ")}`];
  const reference = schema["$ref"];
  if (typeof reference === "string") {
    const target = schemas[reference.replace("#/components/schemas/", "")];
    return target === undefined
      ? [`${path}: ${reference} leads nowhere`]
      : schemaFaults(value, target, schemas, path);
  }
  const choices = schema["anyOf"] as readonly JsonSchema[] | undefined;
  if (choices !== undefined) {
    const fits = choices.some((choice) => schemaFaults(value, choice, schemas, path).length === 0);
    return fits ? [] : [`${path}: fits none of anyOf`];
  }
  return [...typeFaults(value, schema, path), ...memberFaults(value, schema, schemas, path)];
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

function typeFaults(value: unknown, schema: JsonSchema, path: string): string[] {
  const { type, enum: words, pattern, minimum, maximum, minLength } = schema;
  const faults: string[] = [];
  const actual = type === "integer" && Number.isInteger(value) ? "integer" : typeOf(value);
  if (type !== undefined && type !== actual) faults.push(`${path}: expected ${type}, got ${actual}`);
  if (Array.isArray(words) && !words.includes(value))
    faults.push(`${path}: ${String(value)} is none of enum`);
  if (typeof pattern === "string" && typeof value === "string" && !new RegExp(pattern, "u").test(value)) {
    faults.push(`${path}: "${value}" does not match ${pattern}`);
  }
  if (typeof minimum === "number" && (value as number) < minimum) faults.push(`${path}: below ${minimum}`);
  if (typeof maximum === "number" && (value as number) > maximum) faults.push(`${path}: above ${maximum}`);
  if (typeof minLength === "number" && (value as string).length < minLength)
    faults.push(`${path}: too short`);
  return faults;
}

function memberFaults(value: unknown, schema: JsonSchema, schemas: Schemas, path: string): string[] {
  if (Array.isArray(value)) {
    const items = (schema["items"] ?? {}) as JsonSchema;
    return value.flatMap((item, index) => schemaFaults(item, items, schemas, `${path}[${index}]`));
  }
  if (typeOf(value) !== "object") return [];
  const members = value as Record<string, unknown>;
  const properties = (schema["properties"] ?? {}) as Schemas;
  const rest = schema["additionalProperties"] as JsonSchema | false | undefined;
  const missing = ((schema["required"] ?? []) as readonly string[])
    .filter((name) => !Object.hasOwn(members, name))
    .map((name) => `${path}: ${name} is missing`);
  const faults = Object.entries(members).flatMap(([name, member]) => {
    const known = properties[name] ?? rest ?? {};
    if (properties[name] === undefined && rest === false) return [`${path}: ${name} is not in the schema`];
    return schemaFaults(member, known as JsonSchema, schemas, `${path}.${name}`);
  });
  return [...missing, ...faults];
}
