/** Estimated against true distances from focus: a diagram to look at. */
import { chartLook, drawChart, sheetText } from "./chart.ts";
import { below, chartBlock, page, paragraph } from "./drawing.ts";
import { small } from "./picture-grid.ts";

export interface JudgedDefocus {
  /** um */
  truth: number;
  /** um */
  defocus: number;
  /** 0.5 to 1 */
  directionConfidence: number;
}

const certain = "#1e5aaa";
const uncertain = "#d77828";
const side = 420;

/**
 * A dot for every region, the truth to the right, the estimate upwards, both over the same range; dots on the rising diagonal are right, on
 * the falling one of the wrong sign. Blue dots have a direction confidence of 0.75 or more, orange ones less.
 * @returns SVG text
 */
export async function defocusDiagram(estimates: readonly JudgedDefocus[], title: string): Promise<string> {
  const reach = Math.max(0.1, ...estimates.map(({ truth }) => Math.abs(truth))) * 1.05;
  const clamp = (um: number): number => Math.min(reach, Math.max(-reach, um));
  const { marginLeft, marginRight, marginTop, marginBottom } = chartLook;
  const [width, height] = [side + marginLeft + marginRight, side + marginTop + marginBottom];
  const domain = [-reach, reach];
  const chart = await drawChart((plot) => ({
    style: sheetText,
    width,
    height,
    x: { label: "true distance from focus (um)", domain },
    y: { label: "estimated distance from focus (um)", domain, nice: false },
    marks: [
      plot.line([-reach, reach], { x: (um) => um, y: (um) => um, stroke: "#666" }),
      plot.line([-reach, reach], { x: (um) => um, y: (um) => -um, stroke: "#666", strokeDasharray: "2 4" }),
      plot.dot(estimates, {
        x: "truth",
        y: ({ defocus }) => clamp(defocus),
        r: 2.5,
        fill: ({ directionConfidence }) => (directionConfidence >= 0.75 ? certain : uncertain),
        fillOpacity: 0.8,
      }),
    ],
  }));
  const explained =
    "Dots on the solid line are right, dots on the dotted line have the wrong sign. Blue: the direction is certain (confidence of 0.75 or more). Orange: it is uncertain.";
  return page(below([paragraph(title, width, { size: 18 }), paragraph(explained, width, small), chartBlock(chart)], 8));
}
