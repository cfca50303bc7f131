import { describe, expect, test } from "vitest";
import { distinctRows } from "../../src/batch/distinct-rows.ts";
import { nameOf, serviceNameOf } from "../../src/batch/row-names.ts";
import { OtlpRequestDecoder } from "../../src/codec/otlp-protobuf/request-decoder.ts";
import { concat, field, hex, IDS, TRACE_ID, tag } from "../codec/otlp-protobuf/request-bytes.ts";
import { allRows } from "../helpers/rows.ts";

const rowsOf = (payload: Uint8Array) => allRows(new OtlpRequestDecoder().decode(payload).batch);
const serviceName = (name: string) => field(1, field(1, "service.name"), field(2, field(1, name)));
const request = (service: string, ...fields: readonly Uint8Array[]) =>
  field(1, field(1, serviceName(service)), field(2, field(2, IDS, ...fields)));
const start = (nanos: number) => concat(tag(7, 1), nanos, 0, 0, 0, 0, 0, 0, 0);
const text = (key: string, value: string) => field(9, field(1, key), field(2, field(1, value)));

describe("distinct rows of a trace", () => {
  test("hold the same span once, however it was encoded", () => {
    const plain = rowsOf(request("s", field(5, "n"), text("a", "1"), text("b", "2")));
    const reordered = rowsOf(
      request("s", text("b", "2"), text("a", "1"), field(5, "n"), field(77, "unknown")),
    );
    const distinct = distinctRows([...plain, ...reordered, ...plain]);
    expect(distinct).toEqual(plain);
    expect(distinct[0]).toBe(plain[0]);
  });

  test.each([
    ["name", request("s", field(5, "other"))],
    ["service", request("t", field(5, "n"))],
    ["kind", request("s", field(5, "n"), tag(6, 0), Uint8Array.of(2))],
    ["status", request("s", field(5, "n"), field(15, tag(3, 0), 2))],
    ["attribute", request("s", field(5, "n"), text("a", "1"))],
    ["trace state", request("s", field(5, "n"), field(3, "a=b"))],
    ["event", request("s", field(5, "n"), field(11, field(2, "e")))],
  ])("keep both spans of one id that differ in %s", (_what, payload) => {
    expect(distinctRows([...rowsOf(request("s", field(5, "n"))), ...rowsOf(payload)])).toHaveLength(2);
  });

  test("keep both spans of one id whose attributes differ in type only", () => {
    const asText = request("s", field(9, field(1, "k"), field(2, field(1, "1"))));
    const asInteger = request("s", field(9, field(1, "k"), field(2, tag(3, 0), 1)));
    const asDouble = request("s", field(9, field(1, "k"), field(2, tag(4, 1), hex("000000000000f03f"))));
    expect(distinctRows([...rowsOf(asText), ...rowsOf(asInteger), ...rowsOf(asDouble)])).toHaveLength(3);
  });

  test("come by start time, then span id", () => {
    const span = (id: string, name: string, nanos: number) =>
      field(2, field(1, hex(TRACE_ID)), field(2, hex(id)), field(5, name), start(nanos));
    const payload = field(
      1,
      field(
        2,
        span("00000000000000ff", "c", 9),
        span("0000000000000002", "b", 5),
        span("0000000000000001", "a", 5),
      ),
    );
    expect(distinctRows(rowsOf(payload)).map(nameOf)).toEqual(["a", "b", "c"]);
  });

  test("of no rows are none", () => {
    expect(distinctRows([])).toEqual([]);
  });

  test("know the service of each row", () => {
    expect(rowsOf(concat(request("one"), request("two"))).map(serviceNameOf)).toEqual(["one", "two"]);
  });
});
