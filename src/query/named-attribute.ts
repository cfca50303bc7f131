/** Attributes and intrinsics by the text that a query names them with. */

import { TracAggError } from "../base/errors.ts";
import { parseFieldText } from "../traceql/field-parser.ts";
import type { AttributeValuesQuestion } from "./attribute-questions.ts";

/** What a question about values asks for. */
export type NamedAttribute = Pick<AttributeValuesQuestion, "level" | "key">;

/**
 * What a field of TraceQL names: `span.http.route`, `.a` (of spans and resources), `event."a b"`, `name`.
 *
 * @throws TraceQlError for a text that is no field, such as a key without scope and dot
 *
 * @example
 * attributeNamed("resource.service.name"); // { level: "resource", key: "service.name" }
 */
export function attributeNamed(text: string): NamedAttribute {
  const field = parseFieldText(text);
  if (field.node === "intrinsic") return { level: "intrinsic", key: field.name };
  return { level: field.scope, key: field.key };
}

/** As {@link attributeNamed}, with any other text as the key of an attribute of spans and resources. */
export function attributeKeyed(text: string): NamedAttribute {
  try {
    return attributeNamed(text);
  } catch (thrown) {
    if (!(thrown instanceof TracAggError)) throw thrown;
    return { level: "any", key: text };
  }
}
