/** What is known of attributes without looking at spans: which keys and values occur, and how often. */

/** Whose attributes; `intrinsic` are names that are no attributes: of operations, events, scopes, roots of traces. */
export const ATTRIBUTE_LEVELS = [
  "span",
  "resource",
  "event",
  "link",
  "instrumentation",
  "intrinsic",
] as const;
/** One of {@link ATTRIBUTE_LEVELS}. */
export type AttributeLevel = (typeof ATTRIBUTE_LEVELS)[number];

/** Intrinsics whose values are listed; those of status and kind are the same in all stores. */
export const LISTED_INTRINSICS = [
  "span:name",
  "trace:rootName",
  "trace:rootService",
  "event:name",
  "instrumentation:name",
  "instrumentation:version",
] as const;
/** One of {@link LISTED_INTRINSICS}. */
export type ListedIntrinsic = (typeof LISTED_INTRINSICS)[number];

/** Types of values that are listed. */
export const LISTED_TYPES = ["string", "int", "float", "bool"] as const;
/** One of {@link LISTED_TYPES}. */
export type ListedType = (typeof LISTED_TYPES)[number];
/** What a value of a key can be; of a list the elements are listed, of bytes and maps (`other`) nothing. */
export const ATTRIBUTE_TYPES = ["string", "int", "float", "bool", "list", "other"] as const;
/** One of {@link ATTRIBUTE_TYPES}. */
export type AttributeType = (typeof ATTRIBUTE_TYPES)[number];

/** A key that occurs. */
export interface AttributeKeyFacts {
  readonly level: AttributeLevel;
  readonly key: string;
  /** In the order of {@link ATTRIBUTE_TYPES}. */
  readonly types: readonly AttributeType[];
  /**
   * Spans that have it, themselves or in their resource or scope; at the levels `event` and `link` events and links. 0
   * when that is not known yet.
   */
  readonly count: number;
  /** Start of the newest span among those it was counted with. */
  readonly lastSeenUnixNano: bigint;
}

/** A value that occurs. */
export interface AttributeValueFacts {
  readonly type: ListedType;
  /** A string as it is, numbers and booleans as JSON has them. */
  readonly text: string;
  /** As {@link AttributeKeyFacts.count}. */
  readonly count: number;
  /** As {@link AttributeKeyFacts.lastSeenUnixNano}. */
  readonly lastSeenUnixNano: bigint;
}
