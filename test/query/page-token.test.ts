import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodePageToken, encodePageToken } from "../../src/query/page-token.ts";

const nanos = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });
const traceId = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => Buffer.from(bytes).toString("hex"));
const range = fc.record({ startTimeUnixNano: nanos, endTimeUnixNano: nanos }, { requiredKeys: [] });

describe("page tokens", () => {
  it("give back the position they were made of", () => {
    fc.assert(
      fc.property(nanos, traceId, range, (startTimeUnixNano, id, covered) => {
        const position = { after: { startTimeUnixNano, traceId: id }, range: covered };
        const token = encodePageToken({ serviceName: "shop" }, position);
        expect(decodePageToken({ serviceName: "shop" }, token)).toEqual(position);
      }),
    );
  });

  const filter = { serviceName: "shop", minDurationNanos: 5n, attributes: [{ key: "a", value: "1" }] };
  const position = { after: { startTimeUnixNano: 7n, traceId: "0".repeat(31).concat("1") }, range: {} };
  const token = encodePageToken(filter, position);

  it("belong to the same conditions in any order", () => {
    const reordered = { attributes: [{ key: "a", value: "1" }], minDurationNanos: 5n, serviceName: "shop" };
    expect(decodePageToken(reordered, token)).toEqual(position);
  });

  it.each([
    [{ ...filter, serviceName: "other" }],
    [{ ...filter, minDurationNanos: 6n }],
    [{ ...filter, start: "-1h" }],
    [{}],
  ])("are refused for another search (%#)", (other) => {
    expect(() => decodePageToken(other, token)).toThrow(
      "pageToken: belongs to another search; keep every other parameter but pageSize as it was, or leave it out",
    );
  });

  it.each(["x", `${token}A`, token.slice(0, -1), `${token}=`, token.replace(/^./, "z")])(
    "are refused when changed (%s)",
    (changed) => {
      expect(() => decodePageToken(filter, changed)).toThrow(
        "pageToken: expected a nextPageToken of an earlier answer, unchanged",
      );
    },
  );
});
