import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gradients } from "../src/graph/gradients.ts";
import { Graph } from "../src/graph/graph.ts";
import { openReferenceRuntime } from "../src/run/reference.ts";
import { adversarialLosses } from "../src/train/methods/adversarial-losses.ts";

/** Loss and its slope at each score. */
async function evaluate(kind: keyof typeof adversarialLosses, scores: number[], wanted: 0 | 1) {
  const graph = new Graph();
  const x = graph.input("x", [scores.length]);
  const loss = adversarialLosses[kind](x, wanted);
  graph.output("loss", loss);
  graph.output("slope", gradients(loss, [x])[0]);
  const session = await openReferenceRuntime().open({ graphs: { graph } });
  const data = Float32Array.from(scores);
  const out = await session.run("graph", { x: { type: "float32", shape: [scores.length], data } });
  return { loss: out.loss.data[0], slope: [...out.slope.data] };
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

describe("adversarial losses", () => {
  it("cross-entropy is -ln of the probability, with slope (sigmoid - wanted) / n", async () => {
    const score = fc.double({ min: -12, max: 12, noNaN: true });
    await fc.assert(
      fc.asyncProperty(
        fc.array(score, { minLength: 1, maxLength: 5 }),
        fc.constantFrom(0 as const, 1 as const),
        async (x, wanted) => {
          const { loss, slope } = await evaluate("cross_entropy", x, wanted);
          const costs = x.map((v) => -Math.log(wanted === 1 ? sigmoid(v) : sigmoid(-v)));
          const mean = costs.reduce((a, b) => a + b) / x.length;
          expect(Math.abs(loss - mean)).toBeLessThan(1e-5 * Math.max(1, mean));
          // At 0 exactly the two bends of the formula have no slope of their own.
          for (const [i, v] of x.entries()) {
            if (Math.abs(v) > 1e-30) expect(slope[i]).toBeCloseTo((sigmoid(v) - wanted) / x.length, 5);
          }
        },
      ),
      { seed: 1, numRuns: 50 },
    );
  });

  it("cross-entropy does not overflow, and costs ln 2 where nothing is known", async () => {
    expect((await evaluate("cross_entropy", [300], 0)).loss).toBeCloseTo(300, 3);
    expect((await evaluate("cross_entropy", [-300], 1)).loss).toBeCloseTo(300, 3);
    expect((await evaluate("cross_entropy", [0], 1)).loss).toBeCloseTo(Math.LN2, 6);
  });

  it("least squares is the mean squared distance from what is wanted", async () => {
    const { loss, slope } = await evaluate("least_squares", [0.5, -1], 1);
    expect(loss).toBeCloseTo((0.25 + 4) / 2, 6);
    expect(slope[0]).toBeCloseTo(-0.5, 6);
    expect(slope[1]).toBeCloseTo(-2, 6);
  });
});
