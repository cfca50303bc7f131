/** The service a resource belongs to. */

import { utf8FromText } from "../base/utf8.ts";
import { UNKNOWN_SERVICE } from "../model/span.ts";
import { attributeIn } from "./attribute-scan.ts";
import { OtlpFieldNumber } from "./otlp-schema.ts";

const SERVICE_NAME_KEY: Uint8Array = utf8FromText("service.name");

/**
 * `service.name` of the `Resource` body `bytes[start, end)`, or `unknown_service` when it is missing, empty or not a
 * string.
 */
export function serviceNameIn(bytes: Uint8Array, start: number, end: number): string {
  const name = attributeIn(bytes, start, end, OtlpFieldNumber.Resource.attributes, SERVICE_NAME_KEY);
  return typeof name === "string" && name !== "" ? name : UNKNOWN_SERVICE;
}
