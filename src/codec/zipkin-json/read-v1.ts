/** Zipkin's v1 JSON: annotations with endpoints, binary annotations. One fault refuses the whole list. */

import { endpointIn } from "./read-endpoint.ts";
import type { Place } from "./read-fault.ts";
import { amountIn, incompleteFault, listIn, objectIn, textIn, truthIn } from "./read-fault.ts";
import { idsIn, isThere, parentIdIn } from "./read-v2.ts";
import type { V1Annotation, V1BinaryAnnotation, V1Span } from "./v1-span.ts";
import { readingsFromV1 } from "./v1-span.ts";
import type { ZipkinReading } from "./zipkin-model.ts";

/** Keys whose value `true` says that the endpoint is the address of that side. */
const ADDRESS_KEYS: ReadonlySet<string> = new Set(["sa", "ca", "ma"]);

/**
 * The spans of a parsed list.
 *
 * @throws TracAggError `invalid_argument` with Zipkin's message
 */
export function readingsFromV1Json(spans: readonly unknown[]): ZipkinReading[] {
  return spans.flatMap((span, index) => readingsFromV1(v1SpanFrom(objectIn(span), index)));
}

function v1SpanFrom(span: Readonly<Record<string, unknown>>, index: number): V1Span {
  const { traceId, id } = idsIn(span, [index]);
  const amount = (name: string): number => (isThere(span[name]) ? amountIn(span[name], [index, name]) : 0);
  const items = (name: string): readonly unknown[] =>
    isThere(span[name]) ? listIn(span[name], [index, name]) : [];
  return {
    traceId,
    id,
    parentId: parentIdIn(span["parentId"], id, [index, "parentId"]),
    name: isThere(span["name"]) ? textIn(span["name"], [index, "name"]) : "",
    timestamp: amount("timestamp"),
    duration: amount("duration"),
    annotations: items("annotations").map((item, at) => annotationIn(item, [index, "annotations", at])),
    binaryAnnotations: items("binaryAnnotations").flatMap((item, at) =>
      binaryAnnotationsIn(item, [index, "binaryAnnotations", at]),
    ),
    isDebug: isThere(span["debug"]) && truthIn(span["debug"], [index, "debug"]),
  };
}

function annotationIn(item: unknown, place: Place): V1Annotation {
  const { timestamp, value, endpoint } = objectIn(item);
  if (timestamp === undefined || value === undefined) throw incompleteFault("Incomplete annotation", place);
  return {
    timestamp: amountIn(timestamp, [...place, "timestamp"]),
    value: textIn(value, [...place, "value"]),
    endpoint: isThere(endpoint) ? endpointIn(endpoint, [...place, "endpoint"]) : undefined,
  };
}

/** Texts are tags, `true` at an address key names a side; values of other kinds are dropped. */
function binaryAnnotationsIn(item: unknown, place: Place): V1BinaryAnnotation[] {
  const { key, value, endpoint: given } = objectIn(item);
  if (!isThere(key)) throw incompleteFault("No key", place);
  const name = textIn(key, [...place, "key"]);
  const endpoint = isThere(given) ? endpointIn(given, [...place, "endpoint"]) : undefined;
  if (typeof value === "string") return [{ key: name, value, endpoint }];
  const isAddress = value === true && endpoint !== undefined && ADDRESS_KEYS.has(name);
  return isAddress ? [{ key: name, value: undefined, endpoint }] : [];
}
