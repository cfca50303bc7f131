/** Whose clock stamped the spans of a resource. */

import type { Attributes } from "./attribute-value.ts";

/**
 * Attributes that tell hosts apart, best first. Processes on one machine share its clock, so the machine comes before
 * what runs on it; inside containers `host.name` is the pod's name and a pod's clock its node's, which costs nothing but
 * a second offset that comes out equal.
 */
const HOST_KEYS: readonly string[] = [
  "host.id",
  "host.name",
  "k8s.node.uid",
  "k8s.node.name",
  "k8s.pod.uid",
  "k8s.pod.name",
  "container.id",
  "service.instance.id",
];

/** `host.name=web-1`: the first of the known attributes that is a text, with its value; "" when there is none. */
export function hostKeyOf(resourceAttributes: Attributes): string {
  for (const key of HOST_KEYS) {
    const value = Object.hasOwn(resourceAttributes, key) ? resourceAttributes[key] : undefined;
    if (typeof value === "string" && value !== "") return `${key}=${value}`;
  }
  return "";
}
