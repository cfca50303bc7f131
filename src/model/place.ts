/** Where the process of a resource runs. */

import type { Attributes } from "./attribute-value.ts";
import { firstText } from "./first-text.ts";

/** Each part is "" where the resource does not tell. */
export interface Place {
  readonly namespace: string;
  /** The process, pod or container. */
  readonly instance: string;
  /** The machine or node. */
  readonly host: string;
  readonly zone: string;
  readonly cluster: string;
}

const NAMESPACE_KEYS: readonly string[] = ["service.namespace", "k8s.namespace.name"];
/** What is made to tell instances apart, then what runs one instance as a rule, then the machine it is alone on. */
const INSTANCE_KEYS: readonly string[] = [
  "service.instance.id",
  "k8s.pod.name",
  "k8s.pod.uid",
  "container.id",
  "container.name",
  "faas.instance",
  "host.name",
  "host.id",
];
const NODE_KEYS: readonly string[] = ["k8s.node.name", "k8s.node.uid"];
const HOST_NAME_KEYS: readonly string[] = ["host.name"];
const HOST_ID_KEYS: readonly string[] = ["host.id"];
const POD_KEYS: readonly string[] = ["k8s.pod.name"];
const CONTAINER_KEYS: readonly string[] = ["container.id"];
const ZONE_KEYS: readonly string[] = ["cloud.availability_zone"];
const REGION_KEYS: readonly string[] = ["cloud.region"];
const CLUSTER_KEYS: readonly string[] = ["k8s.cluster.name", "k8s.cluster.uid", "aws.ecs.cluster.arn"];

/** A name is kept for as long as statistics of it are; what is longer is no name for people. */
const MAX_NAME_LENGTH = 256;
/** Digits of its id that a container gets as host name. */
const CONTAINER_NAME_LENGTH = 12;

/**
 * The place that the attributes of a resource tell of, by OpenTelemetry's semantic conventions. Of several attributes
 * that tell one part the first that is there counts:
 *
 * - namespace: `service.namespace`, `k8s.namespace.name`
 * - instance: `service.instance.id`, `k8s.pod.name`, `k8s.pod.uid`, `container.id`, `container.name`, `faas.instance`,
 *   `host.name`, `host.id`
 * - host: `k8s.node.name`, `k8s.node.uid`, `host.name` unless it is the pod's or the container's own, `host.id`
 * - zone: `cloud.availability_zone`, with the region before it where it does not begin with it; else `cloud.region`
 * - cluster: `k8s.cluster.name`, `k8s.cluster.uid`, `aws.ecs.cluster.arn`
 *
 * @example
 * placeOf({ "k8s.pod.name": "cart-7d9f", "k8s.node.name": "node-1", "cloud.availability_zone": "eu-1a" });
 * // { namespace: "", instance: "cart-7d9f", host: "node-1", zone: "eu-1a", cluster: "" }
 */
export function placeOf(resourceAttributes: Attributes): Place {
  return {
    namespace: nameIn(resourceAttributes, NAMESPACE_KEYS),
    instance: nameIn(resourceAttributes, INSTANCE_KEYS),
    host: hostIn(resourceAttributes),
    zone: zoneIn(resourceAttributes),
    cluster: nameIn(resourceAttributes, CLUSTER_KEYS),
  };
}

function nameIn(attributes: Attributes, keys: readonly string[]): string {
  return (firstText(attributes, keys) ?? "").slice(0, MAX_NAME_LENGTH);
}

function hostIn(attributes: Attributes): string {
  const node = nameIn(attributes, NODE_KEYS);
  if (node !== "") return node;
  const name = nameIn(attributes, HOST_NAME_KEYS);
  return name === "" || isContainersOwn(name, attributes) ? nameIn(attributes, HOST_ID_KEYS) : name;
}

/** Inside a container the operating system's host name is the pod's, or the first digits of the container's id. */
function isContainersOwn(name: string, attributes: Attributes): boolean {
  if (name === nameIn(attributes, POD_KEYS)) return true;
  return name.length >= CONTAINER_NAME_LENGTH && nameIn(attributes, CONTAINER_KEYS).startsWith(name);
}

/** Some clouds number the zones of each region: `1` of two regions is not one zone. */
function zoneIn(attributes: Attributes): string {
  const zone = nameIn(attributes, ZONE_KEYS);
  const region = nameIn(attributes, REGION_KEYS);
  if (zone === "") return region;
  return zone.startsWith(region) ? zone : `${region}/${zone}`;
}
