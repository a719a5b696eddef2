/** Measures steps and the pauses between them (validation, checkpoints); recent ones count more. */
export function speedometer() {
  let last = performance.now();
  let ticks = 0;
  const measured = { secondsPerStep: 0, secondsPerPause: 0 };
  const blend = (old: number, fresh: number, weight: number): number =>
    old === 0 ? fresh : old + weight * (fresh - old);
  return Object.assign(measured, {
    tick() {
      const now = performance.now();
      // The first steps include warming up.
      if (++ticks > 2) measured.secondsPerStep = blend(measured.secondsPerStep, (now - last) / 1000, 0.05);
      else measured.secondsPerStep = (now - last) / 1000;
      last = now;
    },
    pause() {
      const now = performance.now();
      measured.secondsPerPause = blend(measured.secondsPerPause, (now - last) / 1000, 0.5);
      last = now;
    },
  });
}

/** How many steps in all fit into the time left; never more than `most`, and never fewer than are done. */
export function stepsThatFit(
  step: number,
  most: number,
  secondsLeft: number,
  speed: { secondsPerStep: number; secondsPerPause: number },
  stepsPerEpoch: number,
): number {
  // Two pauses for what follows the last step: validation, and the thorough one with the model's export.
  const usable = secondsLeft - 2 * Math.max(1, speed.secondsPerPause);
  const perStep = speed.secondsPerStep + Math.max(0.5, speed.secondsPerPause) / stepsPerEpoch;
  return Math.max(step + 1, Math.min(most, step + Math.floor(usable / perStep)));
}
