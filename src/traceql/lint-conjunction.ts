/** Conditions that have to hold together and cannot. */

import { fieldComparison } from "../filter/field-comparison.ts";
import type {
  BinaryExpression,
  Field,
  FieldExpression,
  FilterValue,
  SourceRange,
} from "../filter/query-model.ts";
import { fieldText, valueText } from "./print-value.ts";
import { typeOfValue } from "./value-types.ts";

/** Two conditions on a field that exclude each other; the range is the second one's. */
export interface ConjunctionFault extends SourceRange {
  readonly message: string;
}

/** A comparison of a field with a value, the field on the left. */
interface Comparison extends SourceRange {
  readonly field: Field;
  readonly operator: string;
  readonly value: FilterValue;
}

/** Comparisons that leave a field some values of an order. */
const NARROWING: ReadonlySet<string> = new Set(["<", ">", "<=", ">=", "="]);

function comparisonOf(node: BinaryExpression): Comparison | undefined {
  const comparison = NARROWING.has(node.operator) ? fieldComparison(node) : undefined;
  if (comparison === undefined) return undefined;
  const { field, operator, literal } = comparison;
  return { field, operator, value: literal.value, start: node.start, end: node.end };
}

/** Comparisons that hold together: those of a chain of `&&`. */
function conjuncts(expression: FieldExpression): Comparison[] {
  const found: Comparison[] = [];
  const open: FieldExpression[] = [expression];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.node !== "binary") continue;
    if (next.operator === "&&") open.push(next.right, next.left);
    else {
      const comparison = comparisonOf(next);
      if (comparison !== undefined) found.push(comparison);
    }
  }
  return found;
}

/** What a field can still be after some comparisons. */
interface Room {
  low: number;
  lowOpen: boolean;
  high: number;
  highOpen: boolean;
  first: FilterValue;
  equal: FilterValue | undefined;
}

function numberOf(value: FilterValue): number | undefined {
  switch (value.type) {
    case "int":
    case "float":
      return Number(value.value);
    case "duration":
      return Number(value.nanos);
    default:
      return undefined;
  }
}

function narrow(room: Room, operator: string, value: number): void {
  if (operator !== "<" && operator !== "<=" && value >= room.low) {
    room.lowOpen = operator === ">" || (room.lowOpen && value === room.low);
    room.low = value;
  }
  if (operator !== ">" && operator !== ">=" && value <= room.high) {
    room.highOpen = operator === "<" || (room.highOpen && value === room.high);
    room.high = value;
  }
}

/** Takes a comparison in and says why no value is left, if none is. */
function takeIn(room: Room, comparison: Comparison): string | undefined {
  const { field, operator, value } = comparison;
  const name = fieldText(field);
  if (typeOfValue(value) !== typeOfValue(room.first)) {
    return `\`${name}\` is compared with values of two types, it has one`;
  }
  const number = numberOf(value);
  if (number !== undefined) {
    narrow(room, operator, number);
    const empty = room.low > room.high || (room.low === room.high && (room.lowOpen || room.highOpen));
    return empty ? `no value of \`${name}\` is in both ranges${unlessArray(field)}` : undefined;
  }
  if (operator !== "=") return undefined;
  const { equal } = room;
  room.equal = value;
  const differs = equal !== undefined && valueText(equal) !== valueText(value);
  if (!differs) return undefined;
  const only = unlessArray(field);
  return `\`${name}\` cannot be both \`${valueText(equal)}\` and \`${valueText(value)}\`${only}: write \`||\``;
}

function unlessArray(field: Field): string {
  return field.node === "attribute" ? ", unless it is an array" : "";
}

/** Several events, or links, may each meet one of two conditions. */
function mayBeSeveral(field: Field): boolean {
  if (field.node === "attribute") return field.scope === "event" || field.scope === "link";
  return field.name.startsWith("event:") || field.name.startsWith("link:");
}

/** Conditions of a filter that exclude each other, one for each field at most. */
export function conjunctionFaults(filter: { readonly condition?: FieldExpression }): ConjunctionFault[] {
  if (filter.condition === undefined) return [];
  const rooms = new Map<string, Room>();
  const faults = new Map<string, ConjunctionFault>();
  for (const comparison of conjuncts(filter.condition)) {
    const { field, value, start, end } = comparison;
    if (value.type === "nil" || mayBeSeveral(field)) continue;
    const name = fieldText(field);
    const room = rooms.get(name) ?? {
      low: Number.NEGATIVE_INFINITY,
      lowOpen: false,
      high: Number.POSITIVE_INFINITY,
      highOpen: false,
      first: value,
      equal: undefined,
    };
    rooms.set(name, room);
    const message = takeIn(room, comparison);
    if (message !== undefined && !faults.has(name)) faults.set(name, { start, end, message });
  }
  return [...faults.values()];
}
