/** Reading attributes and intrinsics of a span. */

import type { AttributeValue } from "../../model/attribute-value.ts";
import { UNKNOWN_SERVICE } from "../../model/span.ts";
import type { AttributeField, Field, Intrinsic } from "../query-model.ts";
import { ownAttribute } from "./span-trace-view.ts";
import type { TraceFact, TraceFacts } from "./trace-facts.ts";
import type { AttributeKey, TraceView } from "./trace-view.ts";
import { attributeKey, durationNanosAt } from "./trace-view.ts";
import type { Value } from "./values.ts";
import { duration, KIND_VALUES, STATUS_VALUES, valueOfAttribute, valueOfSeveral } from "./values.ts";

/** The value of something on one span. */
export type ValueReader = (trace: TraceFacts, span: number) => Value;

const SERVICE_NAME = "service.name";

/** What must be prepared before an intrinsic is read; undefined: nothing. */
export function factOf(intrinsic: Intrinsic): TraceFact | undefined {
  switch (intrinsic) {
    case "trace:duration":
    case "trace:rootName":
    case "trace:rootService":
      return "whole";
    case "span:childCount":
    case "span:nestedSetLeft":
    case "span:nestedSetRight":
    case "span:nestedSetParent":
      return "nestedSets";
    case "span:selfTime":
      return "selfTimes";
    case "span:criticalPath":
      return "criticalPath";
    default:
      return undefined;
  }
}

/** Prepares the reading of a field for many spans. */
export function fieldReader(field: Field): ValueReader {
  return field.node === "attribute" ? attributeReader(field) : INTRINSIC_READERS[field.name];
}

function attributeReader(field: AttributeField): ValueReader {
  const key = attributeKey(field.key);
  switch (field.scope) {
    case "any":
      return ({ view }, span) => {
        const own = view.spanAttribute(span, key);
        return own === undefined ? resourceValue(view, span, key) : valueOfAttribute(own);
      };
    case "span":
      return ({ view }, span) => valueOfAttribute(view.spanAttribute(span, key));
    case "resource":
      return ({ view }, span) => resourceValue(view, span, key);
    case "instrumentation":
      return ({ view }, span) => valueOfAttribute(ownAttribute(view.scope(span).attributes, key));
    case "event":
      return ({ view }, span) => ofEach(view.events(span), key);
    case "link":
      return ({ view }, span) => ofEach(view.links(span), key);
  }
}

/** Every span has a service: one that names none is of `unknown_service`, as everywhere else. */
function resourceValue(view: TraceView, span: number, key: AttributeKey): Value {
  if (key.text === SERVICE_NAME) return view.serviceName(span);
  return valueOfAttribute(view.resourceAttribute(span, key));
}

function ofEach(
  parts: readonly { readonly attributes: Readonly<Record<string, AttributeValue>> }[],
  key: AttributeKey,
): Value {
  return valueOfSeveral(parts.map(({ attributes }) => valueOfAttribute(ownAttribute(attributes, key))));
}

/** True when a text is a service name that no span has by default. */
export function isSentServiceName(name: string): boolean {
  return name !== "" && name !== UNKNOWN_SERVICE;
}

const INTRINSIC_READERS: Readonly<Record<Intrinsic, ValueReader>> = Object.freeze({
  "trace:duration": ({ whole }) => duration(whole.durationNanos),
  "trace:rootName": ({ whole }) => whole.rootName,
  "trace:rootService": ({ whole }) => whole.rootServiceName,
  "trace:id": ({ view }) => view.traceId,
  "span:duration": ({ view }, span) => duration(durationNanosAt(view, span)),
  "span:name": ({ view }, span) => view.name(span),
  "span:kind": ({ view }, span) => KIND_VALUES[view.kind(span)],
  "span:status": ({ view }, span) => STATUS_VALUES[view.status(span)],
  "span:statusMessage": ({ view }, span) => view.statusMessage(span),
  "span:id": ({ view }, span) => view.spanId(span),
  "span:parentID": ({ view }, span) => view.parentSpanId(span) ?? "",
  "span:childCount": ({ nestedSets }, span) => BigInt(nestedSets.childCounts[span] as number),
  "span:nestedSetLeft": ({ nestedSets }, span) => BigInt(nestedSets.lefts[span] as number),
  "span:nestedSetRight": ({ nestedSets }, span) => BigInt(nestedSets.rights[span] as number),
  "span:nestedSetParent": ({ nestedSets }, span) => {
    if (nestedSets.lefts[span] === 0) return 0n;
    const parent = nestedSets.parents[span] as number;
    return parent === -1 ? -1n : BigInt(nestedSets.lefts[parent] as number);
  },
  "span:selfTime": (trace, span) => duration(trace.selfNanos(span)),
  "span:criticalPath": (trace, span) => duration(trace.criticalNanos(span)),
  "event:name": ({ view }, span) => valueOfSeveral(view.events(span).map(({ name }) => name)),
  "event:timeSinceStart": ({ view }, span) => {
    const start = view.startTimeUnixNano(span);
    return valueOfSeveral(view.events(span).map(({ timeUnixNano }) => duration(timeUnixNano - start)));
  },
  "link:traceID": ({ view }, span) => valueOfSeveral(view.links(span).map(({ traceId }) => traceId)),
  "link:spanID": ({ view }, span) => valueOfSeveral(view.links(span).map(({ spanId }) => spanId)),
  "instrumentation:name": ({ view }, span) => view.scope(span).name,
  "instrumentation:version": ({ view }, span) => view.scope(span).version,
});
