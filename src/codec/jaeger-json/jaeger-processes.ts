/** The processes of a trace, numbered in the order they are first met. */

import type { AttributeValue } from "../../model/attribute-value.ts";
import type { Resource } from "../../model/span.ts";
import { textFromAttribute } from "../attribute-text.ts";
import type { AdjustableResource } from "./adjusters/span-adjusters.ts";
import { byKey } from "./adjusters/span-adjusters.ts";
import type { JaegerProcess } from "./jaeger-model.ts";
import { MISSING_SERVICE, NO_RESOURCE_SERVICE } from "./jaeger-model.ts";
import { keyValue } from "./key-value.ts";

/** A process: its tags may grow until all spans are written. */
export class JaegerProcessEntry implements AdjustableResource {
  readonly id: string;
  readonly #attributes: Map<string, AttributeValue>;

  constructor(id: string, attributes: Map<string, AttributeValue>) {
    this.id = id;
    this.#attributes = attributes;
  }

  get(key: string): AttributeValue | undefined {
    return this.#attributes.get(key);
  }

  add(key: string, value: AttributeValue): void {
    this.#attributes.set(key, value);
  }

  /** As it is written. */
  process(): JaegerProcess {
    return processFrom(this.#attributes);
  }
}

/** Numbers processes p1, p2, ...; resources of equal content are one. `Key` is what stands for a resource. */
export class JaegerProcesses<Key extends object> {
  readonly #isSorted: boolean;
  readonly #byText = new Map<string, JaegerProcessEntry>();
  readonly #byKey = new Map<Key, JaegerProcessEntry>();

  /** @param isSorted true: tags by key, as adjusters order them; false: as they were sent. */
  constructor({ isSorted }: { readonly isSorted: boolean }) {
    this.#isSorted = isSorted;
  }

  /** The process of a resource. */
  entryOf(key: Key, resource: () => Resource): JaegerProcessEntry {
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const sent = Object.entries(resource().attributes);
    const attributes = new Map(this.#isSorted ? byKey(sent) : sent);
    const text = JSON.stringify(processFrom(attributes));
    const entry = this.#byText.get(text) ?? new JaegerProcessEntry(`p${this.#byText.size + 1}`, attributes);
    this.#byText.set(text, entry);
    this.#byKey.set(key, entry);
    return entry;
  }

  /** In the order of their numbers. */
  entries(): readonly JaegerProcessEntry[] {
    return [...this.#byText.values()];
  }
}

function processFrom(attributes: ReadonlyMap<string, AttributeValue>): JaegerProcess {
  const serviceName = attributes.get("service.name");
  const tags = [...attributes]
    .filter(([key]) => key !== "service.name")
    .map(([key, value]) => keyValue(key, value));
  if (serviceName !== undefined) return { serviceName: textFromAttribute(serviceName), tags };
  return { serviceName: tags.length === 0 ? NO_RESOURCE_SERVICE : MISSING_SERVICE, tags };
}
