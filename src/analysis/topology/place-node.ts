/** Nodes of a topology: services, or what they run in. */

import type { Place } from "../../model/place.ts";

/** What nodes are: services; or, of where these run, namespaces, instances, hosts, zones, clusters. */
export type PlaceLevel = "service" | keyof Place;

/** All levels, as one looks closer, then wider. */
export const PLACE_LEVELS: readonly PlaceLevel[] = Object.freeze([
  "service",
  "namespace",
  "instance",
  "host",
  "zone",
  "cluster",
]);

/** What is around a node, by level; absent where it is not known, or not one and the same for all of the node. */
export type PlaceParents = { readonly [Level in PlaceLevel]?: string };

/** A node. */
export interface PlaceNode {
  /** Level and names from the outermost in: `host/prod/eu-1a/node-1`. Equal for equal nodes only. */
  readonly id: string;
  readonly level: PlaceLevel;
  /** `(no host)` where the resource tells of none. */
  readonly name: string;
  readonly parents: PlaceParents;
}

/**
 * What tells nodes of a level apart besides their name, outermost first. Names of hosts are given anew in every cluster
 * and zone, those of instances by each service.
 */
const AROUND: Readonly<Record<PlaceLevel, readonly PlaceLevel[]>> = Object.freeze({
  service: [],
  namespace: [],
  instance: ["cluster", "zone", "host", "namespace", "service"],
  host: ["cluster", "zone"],
  zone: [],
  cluster: [],
});

/**
 * The node of a service that runs at a place.
 *
 * @param place - undefined for what sends no spans (databases, brokers, peers, the outside): it stays what it is at the
 * level of services, whatever the level.
 */
export function placeNode(service: string, place: Place | undefined, level: PlaceLevel): PlaceNode {
  if (place === undefined || level === "service") {
    return { id: `service/${idPart(service)}`, level: "service", name: service, parents: {} };
  }
  const nameAt = (at: PlaceLevel): string => (at === "service" ? service : place[at]);
  const around = AROUND[level];
  const known = around.filter((at) => nameAt(at) !== "").map((at) => [at, nameAt(at)]);
  const path = [...around, level].map((at) => idPart(nameAt(at)));
  return {
    id: `${level}/${path.join("/")}`,
    level,
    name: nameAt(level) || `(no ${level})`,
    parents: Object.fromEntries(known) as PlaceParents,
  };
}

/** A name between slashes; `-` for none. */
function idPart(name: string): string {
  if (name === "") return "-";
  return name === "-" ? "%2D" : name.replace(/[%/]/g, (letter) => (letter === "/" ? "%2F" : "%25"));
}
