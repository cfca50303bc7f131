/** Profiles of traces in a few words. */

import { CallPathProfile } from "../../../src/analysis/profile/call-path-profile.ts";
import { columnsOfSpans } from "../../../src/analysis/profile/columns-of-spans.ts";
import type { ProfileFrame } from "../../../src/analysis/profile/frame-table.ts";
import type { Trace } from "../../../src/model/trace.ts";
import { buildTrace } from "../../helpers/trace-builder.ts";

/** The profile of traces, each counted once. */
export function profileOf(traces: Iterable<Pick<Trace, "traceId" | "spans">>): CallPathProfile {
  const profile = new CallPathProfile();
  for (const trace of traces) profile.add(columnsOfSpans(trace, profile.frames));
  return profile;
}

/**
 * A checkout of the shop: 10 ms of its own, then calls one after the other, each to an operation named with its
 * milliseconds.
 */
export function checkout(traceName: string, calls: Readonly<Record<string, number>>): Trace {
  let at = 10;
  const children = Object.entries(calls).map(([name, millis]) => {
    at += millis;
    const [service = "", operation = ""] = name.split("/");
    return { id: name, parent: "root", service, name: operation, at: [at - millis, at] as const };
  });
  const root = { id: "root", service: "shop", name: "checkout", kind: "SERVER", at: [0, at] } as const;
  return buildTrace(traceName, root, ...children);
}

/** The frame of `service/operation`, INTERNAL. */
export function frameOf(name: string): ProfileFrame {
  const [service = "", operation = ""] = name.split("/");
  return { role: "operation", service, operation, kind: "INTERNAL" };
}

/** The frame that {@link checkout}s start with. */
export const CHECKOUT: ProfileFrame = Object.freeze({ ...frameOf("shop/checkout"), kind: "SERVER" });
