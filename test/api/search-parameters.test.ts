import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TraceListJson } from "../../src/api/contract.ts";
import { traceIdOf } from "../helpers/trace-builder.ts";
import type { ApiServer } from "./api-fixture.ts";
import { CHECKOUT_ID, checkoutSpans, startApi, workerSpan } from "./api-fixture.ts";

let api: ApiServer;
beforeAll(async () => {
  api = await startApi([checkoutSpans(), [1, 2, 3, 4, 5].map(workerSpan)]);
});
afterAll(() => api.stop());

const search = async (query: string): Promise<TraceListJson> =>
  (await api.get(`/api/v1/traces?${query}`)) as TraceListJson;

const idsOf = (list: TraceListJson): string[] => list.traces.map((trace) => trace.traceId);
const jobs = (...numbers: number[]): string[] => numbers.map((number) => traceIdOf(`job-${number}`));

describe("search", () => {
  it.each([
    ["service=payment", [CHECKOUT_ID]],
    ["service=nobody", []],
    ["service=worker&operation=job%202", jobs(2)],
    ["service=gateway&operation=Charge", []],
    ["rootService=gateway", [CHECKOUT_ID]],
    ["rootService=payment", []],
    ["rootOperation=GET%20/checkout", [CHECKOUT_ID]],
    ["hasErrors=true", [CHECKOUT_ID]],
    ["hasErrors=false", jobs(5, 4, 3, 2, 1)],
    ["minDurationMs=5", [...jobs(5), CHECKOUT_ID]],
    ["minDurationMs=3.000001&maxDurationMs=5", jobs(5, 4)],
    ["attribute=http.response.status_code=500", [CHECKOUT_ID]],
    ["attribute=http.response.status_code=500&attribute=ratio=0.50", [CHECKOUT_ID]],
    ["attribute=http.response.status_code=500&attribute=ratio=0.6", []],
    ["attribute=service.name=worker&minDurationMs=5", jobs(5)],
    ["start=1700000003&end=1700000005000", jobs(4, 3)],
    ["start=-58s", jobs(5, 4, 3, 2)],
    ["start=2023-11-14T22:13:24Z", jobs(5, 4)],
    ["end=now&service=payment", [CHECKOUT_ID]],
  ])("finds by %s", async (query, ids) => {
    expect(idsOf(await search(query))).toEqual(ids);
  });

  it("splits an attribute at its first =", async () => {
    expect(idsOf(await search("attribute=url.query=a=b"))).toEqual([CHECKOUT_ID]);
    expect(idsOf(await search("attribute=url.query=a"))).toEqual([]);
  });

  it("says the range that was asked for", async () => {
    expect((await search("start=-58s&end=-1s")).range).toEqual({
      startTimeUnixNano: "1700000002000000000",
      endTimeUnixNano: "1700000059000000000",
    });
  });

  it("gives every trace once, page by page, and an empty token at the end", async () => {
    const seen: string[][] = [];
    let token = "";
    do {
      const page = await search(`pageSize=2&pageToken=${token}`);
      seen.push(idsOf(page));
      token = page.nextPageToken;
    } while (token !== "");
    expect(seen).toEqual([jobs(5, 4), jobs(3, 2), [...jobs(1), CHECKOUT_ID]]);
  });

  it("is not shifted by traces that arrive between two pages", async () => {
    const growing = await startApi([[1, 2, 3].map(workerSpan)]);
    const first = (await growing.get("/api/v1/traces?pageSize=2")) as TraceListJson;
    growing.feed.append(workerSpan(9));
    const second = await growing.get(`/api/v1/traces?pageSize=2&pageToken=${first.nextPageToken}`);
    await growing.stop();
    expect(idsOf(first)).toEqual(jobs(3, 2));
    expect(idsOf(second as TraceListJson)).toEqual(jobs(1));
  });

  it("keeps the meaning of a relative time from page to page", async () => {
    let now = 1_700_000_060_000;
    const moving = await startApi([[1, 2, 3].map(workerSpan)], { clock: { nowMillis: () => now } });
    const first = (await moving.get("/api/v1/traces?pageSize=2&start=-59s")) as TraceListJson;
    now += 3_600_000;
    const token = first.nextPageToken;
    const second = (await moving.get(
      `/api/v1/traces?pageSize=5&start=-59s&pageToken=${token}`,
    )) as TraceListJson;
    await moving.stop();
    expect([idsOf(first), idsOf(second)]).toEqual([jobs(3, 2), jobs(1)]);
    expect(second.range.startTimeUnixNano).toBe("1700000001000000000");
  });
});

describe("performance", () => {
  it("is over the newest traces up to the limit, and says that there are more", async () => {
    const limited = await startApi([[1, 2, 3].map(workerSpan)], { limits: { maxTracesAnalysed: 2 } });
    const answer = await limited.get("/api/v1/statistics/performance");
    await limited.stop();
    expect(answer).toMatchObject({ totalTraces: 2, truncated: true, minDurationMs: 2, maxDurationMs: 3 });
  });

  it("is not cut when exactly as many traces match as the limit allows", async () => {
    const limited = await startApi([[1, 2].map(workerSpan)], { limits: { maxTracesAnalysed: 2 } });
    const answer = await limited.get("/api/v1/statistics/performance");
    await limited.stop();
    expect(answer).toMatchObject({ totalTraces: 2, truncated: false });
  });

  it("stops at the limit on spans", async () => {
    const limited = await startApi([[1, 2, 3].map(workerSpan)], { limits: { maxSpansAnalysed: 2 } });
    const answer = await limited.get("/api/v1/statistics/performance");
    await limited.stop();
    expect(answer).toMatchObject({ totalTraces: 2, truncated: true });
  });
});
