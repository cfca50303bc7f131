/** Jaeger's structured filter as it is worked with: references and constants resolved, types known. Plain data. */

/** Parts of a span that hold attributes. */
export const FILTER_LEVELS = ["span", "resource", "scope", "event", "link"] as const;
/** One of {@link FILTER_LEVELS}. */
export type FilterLevel = (typeof FILTER_LEVELS)[number];

/** What a span has several of. */
export type NestedLevel = "event" | "link";

/** Operators of calls. */
export const FILTER_OPERATORS = [
  "and",
  "or",
  "not",
  "eq",
  "ne",
  "gt",
  "lt",
  "gte",
  "lte",
  "regex",
  "exists",
  "in",
  "not_in",
  "some",
] as const;
/** One of {@link FILTER_OPERATORS}. */
export type FilterOperator = (typeof FILTER_OPERATORS)[number];

/** Operators that compare two values. */
export type ComparisonName = "eq" | "ne" | "gt" | "lt" | "gte" | "lte";

/** Types that a constant can declare. */
export const CONSTANT_TYPES = ["string", "int", "double", "bool"] as const;
/** One of {@link CONSTANT_TYPES}. */
export type ConstantType = (typeof CONSTANT_TYPES)[number];

/** What a built-in field holds. Words are texts of a closed set, without an order. */
export type FieldKind = "text" | "id" | "status" | "kind" | "duration" | "timestamp";

/** Built-in fields by level. */
export const FILTER_FIELDS: Readonly<Record<FilterLevel, Readonly<Record<string, FieldKind>>>> =
  Object.freeze({
    span: {
      traceID: "id",
      spanID: "id",
      parentSpanID: "id",
      traceState: "text",
      name: "text",
      kind: "kind",
      startTime: "timestamp",
      endTime: "timestamp",
      status: "status",
      statusMessage: "text",
      duration: "duration",
    },
    resource: { service: "text", schemaURL: "text" },
    scope: { name: "text", version: "text", schemaURL: "text" },
    event: { name: "text", time: "timestamp", timeSinceStart: "duration" },
    link: { traceID: "id", spanID: "id", traceState: "text" },
  });

/** An attribute; without a level of the span and of its resource. */
export interface AttributeReference {
  readonly node: "attribute";
  readonly key: string;
  readonly level: FilterLevel | undefined;
}

/** A built-in field. */
export interface FieldReference {
  readonly node: "field";
  readonly name: string;
  readonly level: FilterLevel;
  readonly kind: FieldKind;
}

/** What is read of a span. */
export type Reference = AttributeReference | FieldReference;

/** A value to compare with. `any` declares no type and stands beside an attribute. */
export type Constant =
  | { readonly type: "any"; readonly text: string }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "int"; readonly value: bigint }
  | { readonly type: "double"; readonly value: number }
  | { readonly type: "bool"; readonly value: boolean }
  /** A duration or a moment in nanoseconds. */
  | { readonly type: "nanos"; readonly value: bigint };

/** What holds on a span or does not. */
export type Predicate =
  | { readonly node: "and" | "or"; readonly predicates: readonly Predicate[] }
  | { readonly node: "not"; readonly predicate: Predicate }
  /** Two constants compared: the same on every span. */
  | { readonly node: "always" | "never" }
  | {
      readonly node: "compare";
      readonly operator: ComparisonName;
      readonly left: Reference;
      readonly right: Constant;
    }
  | {
      readonly node: "compareBoth";
      readonly operator: ComparisonName;
      readonly left: Reference;
      readonly right: Reference;
    }
  | { readonly node: "regex"; readonly reference: Reference; readonly matches: (text: string) => boolean }
  | { readonly node: "exists"; readonly reference: Reference }
  | {
      readonly node: "in";
      readonly isNegated: boolean;
      readonly reference: Reference;
      readonly values: readonly Constant[];
    }
  | { readonly node: "some"; readonly level: NestedLevel; readonly predicate: Predicate };
