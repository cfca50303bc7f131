/** Other backends, measured once: copied figures, so the page says where they are from. */

import { markdownTable } from "./table.ts";

/** Heading, origin and table. */
export const EARLIER_PEERS: readonly string[] = [
  "## Others, measured earlier on another machine",
  "",
  "Not from the run above: measured once beside each other with another load generator, on a 2-core machine, one core",
  "for the server, a recorded demo shop replayed with new ids, 8 senders, 1 M spans, identity encoding. Compare the",
  "ratios between them, not the figures with those above. Killed right after their last acknowledgement, VictoriaTraces",
  "and Tempo had none of 100,015 spans. VictoriaTraces was a build of July 2025.",
  "",
  ...markdownTable(
    ["what", "Collector to nowhere", "Jaeger memory", "VictoriaTraces", "Tempo", "Zipkin memory"],
    [
      ["server CPU, us a span, HTTP, 500 spans a request", "4.0", "20.5", "19.7", "63", "67 (JSON)"],
      ["same, requests as recorded", "5.7", "18.5", "25", "77", ""],
      ["same, gRPC, 500 spans", "3.6", "14.0", "", "68", ""],
      ["spans/s on one core", "248k", "50k", "52k", "20k", "15k"],
      ["disk, bytes a span", "", "", "47", "117 + live copy", ""],
      ["peak RSS at full speed, MB", "34", "2,968", "204", "4,370", "4,460"],
      ["trace by id, p95 ms (Jaeger badger: 1.8)", "", "6.6", "13", "114", "18"],
      ["search by service, newest 20, p95 ms", "", "15", "533", "14", "1,023"],
      [
        "search by attribute: common / rare / absent, p95 ms",
        "",
        "19 / 121 / 576",
        "57 / 53 / 2",
        "41 / 411 / 17",
        "346 / 1,744 / 3,514",
      ],
      ["services list, p95 ms", "", "0.4", "0.9", "5", ""],
      ["dependencies, p95 ms", "", "1,287", "none", "needs a second database", "2,604"],
    ],
  ),
];
