/** Runs the load generator as a process of its own, on whichever core the bench itself is held to. */

import { fileURLToPath } from "node:url";
import { startChild } from "../machine/child-process.ts";
import type { LoadOrder, LoadResult } from "./load-order.ts";

/** @throws Error when the generator ends without a result */
export function runLoad(order: LoadOrder): Promise<LoadResult> {
  const script = fileURLToPath(new URL("./load-process.js", import.meta.url));
  const child = startChild([process.execPath, script], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin?.end(JSON.stringify(order));
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(JSON.parse(text) as LoadResult);
      else reject(new Error(`the load generator ended with exit code ${code}`));
    });
  });
}
