/** `npm run bench`: installs and builds what is missing, then measures. */

import { runNode, setUp } from "./set-up.js";

await setUp();
runNode("dist/bench/main.js", process.argv.slice(2));
