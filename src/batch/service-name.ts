/** The service a resource belongs to. */

import { utf8FromText } from "../base/utf8.ts";
import { UNKNOWN_SERVICE } from "../model/span.ts";
import { attributeIn } from "./attribute-scan.ts";
import type { ByteDictionary } from "./byte-dictionary.ts";
import { OtlpFieldNumber } from "./otlp-schema.ts";

const SERVICE_NAME_KEY: Uint8Array = utf8FromText("service.name");

/**
 * `service.name` of the `Resource` body `bytes[start, end)`, or `unknown_service` when it is missing, empty or not a
 * string. The dictionary keeps one copy of each name.
 */
export function serviceNameIn(
  bytes: Uint8Array,
  start: number,
  end: number,
  dictionary: ByteDictionary,
): string {
  const attributesField = OtlpFieldNumber.Resource.attributes;
  const name = attributeIn(bytes, start, end, attributesField, SERVICE_NAME_KEY);
  if (typeof name !== "string" || name === "") return UNKNOWN_SERVICE;
  const nameBytes = utf8FromText(name);
  return dictionary.text(dictionary.idOf(nameBytes, 0, nameBytes.length));
}
