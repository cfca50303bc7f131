/** The resources that spans come from, as `traces_target_info` tells of them. */

import { hashOfBytes } from "../base/hash.ts";
import { ProtobufReader } from "../base/protobuf-reader.ts";
import { resourceFrom } from "../batch/row-envelope.ts";
import type { ResourceEntry, SpanBatch } from "../batch/span-batch.ts";
import type { AttributeValue } from "../model/attribute-value.ts";

/** Name and value of a label. */
export type TargetLabel = readonly [name: string, value: string];

/** As many as series of other kinds in one scrape. */
const MAX_TARGETS = 2_000;
/** Resources that sent nothing for so long are gone: as long as Tempo's generator keeps them. */
const KEEP_SECONDS = 900;
/** Labels of a target beside its job and instance, and characters of a value: resources are the sender's to choose. */
const MAX_LABELS = 64;
const MAX_VALUE_LENGTH = 256;
/** Said by `job` and `instance`. */
const IN_JOB: ReadonlySet<string> = new Set(["service.name", "service.namespace", "service.instance.id"]);

interface Target {
  readonly bytes: Uint8Array;
  readonly labels: readonly TargetLabel[];
  lastSeconds: number;
}

/** Distinct resources of the last quarter of an hour, in bounded number. */
export class Targets {
  /** Resources that found no room, counted each time they came. */
  leftOut = 0;
  /** Other in each process, so that colliding resources cannot be prepared. */
  readonly #seed = (Math.random() * 0x1_0000_0000) | 0;
  readonly #byHash: Map<number, Target> = new Map();

  /** Labels of each resource: job, instance, then its attributes by name. */
  get labels(): readonly (readonly TargetLabel[])[] {
    return Array.from(this.#byHash.values(), ({ labels }) => labels);
  }

  /** Notes the resources of a batch; those known already are told by their bytes. */
  note({ resources, payload }: SpanBatch, nowSeconds: number): void {
    for (const entry of resources) {
      const hash = hashOfBytes(payload, entry.start, entry.end, this.#seed);
      const known = this.#byHash.get(hash);
      if (known !== undefined && isSame(known.bytes, payload, entry)) known.lastSeconds = nowSeconds;
      else if (known !== undefined || this.#byHash.size >= MAX_TARGETS) this.leftOut++;
      else this.#byHash.set(hash, targetOf(payload, entry, nowSeconds));
    }
  }

  /** Forgets what sent nothing for a quarter of an hour. */
  tick(nowSeconds: number): void {
    for (const [hash, { lastSeconds }] of this.#byHash) {
      if (lastSeconds < nowSeconds - KEEP_SECONDS) this.#byHash.delete(hash);
    }
  }
}

function targetOf(
  payload: Uint8Array,
  { start, end, serviceName }: ResourceEntry,
  nowSeconds: number,
): Target {
  // A copy: a view would keep the whole request.
  const bytes = payload.slice(start, end);
  const { attributes } = resourceFrom(new ProtobufReader(bytes, 0, bytes.length), "");
  const namespace = textOf(attributes["service.namespace"]);
  const job = namespace === "" ? serviceName : `${namespace}/${serviceName}`;
  const labels = new Map<string, string>([
    ["job", shortened(job)],
    ["instance", shortened(textOf(attributes["service.instance.id"]))],
  ]);
  for (const key of Object.keys(attributes).sort()) {
    const value = textOf(attributes[key]);
    const name = labelName(key);
    if (IN_JOB.has(key) || value === "" || labels.has(name) || labels.size >= MAX_LABELS + 2) continue;
    labels.set(name, shortened(value));
  }
  return { bytes, labels: [...labels], lastSeconds: nowSeconds };
}

/** Texts, numbers and truth values; lists, maps and bytes are no label. */
function textOf(value: AttributeValue | undefined): string {
  const isText = typeof value === "string" || typeof value === "number";
  return isText || typeof value === "bigint" || typeof value === "boolean" ? String(value) : "";
}

/** `k8s.pod.name` is `k8s_pod_name`; a name must not begin with a digit. */
function labelName(key: string): string {
  const name = key.replaceAll(/[^a-zA-Z0-9_]/g, "_");
  return /^\d/.test(name) ? `_${name}` : name;
}

function shortened(value: string): string {
  return value.length <= MAX_VALUE_LENGTH ? value : value.slice(0, MAX_VALUE_LENGTH);
}

function isSame(known: Uint8Array, payload: Uint8Array, { start, end }: ResourceEntry): boolean {
  if (known.length !== end - start) return false;
  for (let at = 0; at < known.length; at++) if (known[at] !== payload[start + at]) return false;
  return true;
}
