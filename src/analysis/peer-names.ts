/** Names of the far ends that spans tell of but that send no spans themselves. */

import type { Attributes } from "../model/attribute-value.ts";
import { firstText } from "../model/first-text.ts";

/**
 * Attributes that name an uninstrumented peer, best first: present OpenTelemetry names, then the older ones, in the
 * order OpenTelemetry gives for Zipkin's remote endpoint.
 */
const PEER_KEYS: readonly string[] = [
  "service.peer.name",
  "peer.service",
  "server.address",
  "net.peer.name",
  "network.peer.address",
  "server.socket.domain",
  "server.socket.address",
  "net.sock.peer.name",
  "net.sock.peer.addr",
  "peer.hostname",
  "peer.address",
];

const DATABASE_SYSTEM_KEYS: readonly string[] = ["db.system.name", "db.system"];
const DATABASE_NAME_KEYS: readonly string[] = ["db.namespace", "db.name"];
const MESSAGING_SYSTEM_KEYS: readonly string[] = ["messaging.system"];
const MESSAGING_DESTINATION_KEYS: readonly string[] = [
  "messaging.destination.template",
  "messaging.destination.name",
  "messaging.destination",
];

const MESSAGING_OPERATION_KEYS: readonly string[] = ["messaging.operation.type", "messaging.operation"];

/** Every attribute that dependency links look at. */
export const LINK_ATTRIBUTE_KEYS: readonly string[] = Object.freeze([
  ...PEER_KEYS,
  ...DATABASE_SYSTEM_KEYS,
  ...DATABASE_NAME_KEYS,
  ...MESSAGING_SYSTEM_KEYS,
  ...MESSAGING_DESTINATION_KEYS,
  ...MESSAGING_OPERATION_KEYS,
]);

/** Name of the uninstrumented peer of a CLIENT span; undefined when no attribute names one. */
export function peerNameOf(attributes: Attributes): string | undefined {
  return firstText(attributes, PEER_KEYS);
}

/**
 * Name of the database a span speaks to: its namespace, else its system; undefined for spans without `db.system`.
 * A namespace of digits only is an index (Redis), which names nothing, so the system stands there too.
 */
export function databaseNameOf(attributes: Attributes): string | undefined {
  const system = firstText(attributes, DATABASE_SYSTEM_KEYS);
  if (system === undefined) return undefined;
  const name = firstText(attributes, DATABASE_NAME_KEYS);
  return name === undefined || /^\d+$/.test(name) ? system : name;
}

/** Where a message goes through: `kafka:orders`, or the half that is known. */
export interface MessagingNode {
  readonly name: string;
  /** True when the destination is known, not only the system. */
  readonly isExact: boolean;
}

/** The broker and destination a PRODUCER or CONSUMER span names; undefined when it names neither. */
export function messagingNodeOf(attributes: Attributes): MessagingNode | undefined {
  const system = firstText(attributes, MESSAGING_SYSTEM_KEYS);
  const destination = firstText(attributes, MESSAGING_DESTINATION_KEYS);
  if (destination !== undefined) {
    return { name: system === undefined ? destination : `${system}:${destination}`, isExact: true };
  }
  return system === undefined ? undefined : { name: system, isExact: false };
}

/** True when a CLIENT span says that it puts messages to a destination. */
export function isSendOperation(attributes: Attributes): boolean {
  const operation = firstText(attributes, MESSAGING_OPERATION_KEYS);
  return operation === "send" || operation === "publish" || operation === "create";
}
