/** The focus of recorded stacks, found by the light they were made with, beside that of Tenengrad, which was taken for all before. */

import { StreamingHistogram } from "../../src/array/statistics.ts";
import { focusOf } from "../../src/classical/focus/focus.ts";
import { signalOf } from "../../src/classical/focus/focus-map.ts";
import { lightOf } from "../../src/classical/focus/light.ts";
import { locateFocus } from "../../src/classical/focus/locate-focus.ts";
import { planeOf } from "../../src/image/image.ts";
import { realScenes } from "./scenes.ts";

/** One row of Markdown for each stack. */
export async function recordedRows(): Promise<string[]> {
  const rows = [
    "| stack | truth | light | before (confidence not said) | now | extremum | confidence |",
    "|---|---|---|---|---|---|---|",
  ];
  for (const { name, stack, truth } of await realScenes()) {
    const histogram = new StreamingHistogram();
    histogram.add(stack.data);
    const light = lightOf(histogram);
    const measure = light === "transmitted" ? "band_contrast" : "tenengrad";
    const planes = Array.from({ length: stack.depth }, (_, z) => planeOf(stack, z));
    const signal = planes.map((plane) => signalOf(plane));
    const [now, before] = [measure, "tenengrad"].map((one) =>
      locateFocus(
        planes.map((plane) => focusOf(plane, one as "tenengrad")),
        signal,
        one as "tenengrad",
      ),
    );
    rows.push(
      `| ${name}, ${stack.depth} planes | ${truth?.toFixed(1) ?? "not known"} | ${light} | ${before.position.toFixed(1)} | ${now.position.toFixed(1)} | ${now.extremum} | ${now.confidence.toFixed(2)} |`,
    );
  }
  return rows;
}
