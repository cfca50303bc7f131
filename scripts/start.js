/** `npm start`: installs and builds what is missing, then runs `tracagg start`. */

import { runNode, setUp } from "./set-up.js";

await setUp();
runNode("dist/src/cli/main.cjs", ["start", ...process.argv.slice(2)]);
