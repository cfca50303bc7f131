import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { operationTemplate } from "../../src/analysis/operation-template.ts";

describe("operationTemplate", () => {
  it.each([
    ["GET /users/42", "GET /users/{id}"],
    ["GET /users/42/orders/7", "GET /users/{id}/orders/{id}"],
    ["GET /carts/3f2504e0-4f89-11d3-9a0c-0305e82c3301/items", "GET /carts/{id}/items"],
    ["GET /carts/3F2504E0-4F89-11D3-9A0C-0305E82C3301", "GET /carts/{id}"],
    ["blob 9f1c2a7e41", "blob {id}"],
    ["blob 4bf92f3577b34da6a3ce929d0e0e4736", "blob {id}"],
    ["lock 0x1f", "lock {id}"],
    ["order12345", "order{id}"],
    ["user_17", "user_{id}"],
    ["price 12.50", "price {id}"],
    ["report 2026-01-31", "report {id}"],
    ["report 2026-01-31T12:00:05.250Z done", "report {id} done"],
    ["pod cart-7d9f8c6b5-x2x4z", "pod cart-{id}-{id}"],
    ["item 01ARZ3NDEKTSV4RRFFQ69G5FAV", "item {id}"],
  ])("replaces the ids in %s", (name, template) => {
    expect(operationTemplate(name)).toBe(template);
  });

  it.each([
    "",
    "GET /checkout",
    "SELECT orders",
    "GET /api/v2/users",
    "s3 PutObject",
    "http2 connect",
    "convertUtf8ToUtf16",
    "findByRegion2",
    "2fa check",
    "b2b sync",
    "deadbeef facade",
    "größe ändern",
    "GET /users/{userId}",
  ])("leaves %s as it is", (name) => {
    expect(operationTemplate(name)).toBe(name);
  });

  it("gives one template to a route whatever hex id it is called with", () => {
    const id = fc
      .array(fc.constantFrom(..."0123456789abcdef"), { minLength: 16, maxLength: 16 })
      .map((digits) => digits.join(""))
      .filter((digits) => /\d/.test(digits));
    fc.assert(
      fc.property(id, (hex) => {
        expect(operationTemplate(`GET /things/${hex}/parts`)).toBe("GET /things/{id}/parts");
      }),
    );
  });

  it("changes nothing when it is applied again", () => {
    const part = fc.oneof(
      fc.constantFrom("a", "Z", "0", "17", "f00d", "-", "/", ".", ":", " ", "{id}", "0x", "T", "ä", "_"),
      fc.string({ maxLength: 4 }),
      fc.uuid(),
      fc.nat().map(String),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const once = operationTemplate(parts.join(""));
        expect(operationTemplate(once)).toBe(once);
      }),
      { numRuns: 5_000 },
    );
  });
});
