/** Attribute values with every type OTLP knows, as plain JavaScript values. */

/**
 * One attribute value (OTLP `AnyValue`).
 *
 * | OTLP | here |
 * |---|---|
 * | string_value | `string` |
 * | bool_value | `boolean` |
 * | int_value | `bigint` (exact 64-bit) |
 * | double_value | `number` (also NaN and infinities) |
 * | bytes_value | `Uint8Array` |
 * | array_value | array |
 * | kvlist_value | plain object |
 * | no member set | `null` (the empty value) |
 *
 * A `number` is always a double, even when it is whole: write `3n` where an integer is meant.
 */
export type AttributeValue =
  | string
  | boolean
  | bigint
  | number
  | Uint8Array
  | null
  | readonly AttributeValue[]
  | AttributeMap;

/** Values by key. When a sender repeats a key, views see the last value; the stored bytes keep all. */
export interface AttributeMap {
  readonly [key: string]: AttributeValue;
}

/** Attributes of a span, resource, scope, event or link. */
export type Attributes = AttributeMap;
