/** Measures the duration of steps and of the pauses between them (validation, checkpoints); recent ones count more. */
export function speedometer() {
  let last = performance.now();
  let ticks = 0;
  const measured = { secondsPerStep: 0, secondsPerPause: 0 };
  const blend = (old: number, fresh: number, weight: number): number =>
    old === 0 ? fresh : old + weight * (fresh - old);
  return Object.assign(measured, {
    tick() {
      const now = performance.now();
      // The first steps include the warm-up of the runtime.
      if (++ticks > 2) measured.secondsPerStep = blend(measured.secondsPerStep, (now - last) / 1000, 0.05);
      else measured.secondsPerStep = (now - last) / 1000;
      last = now;
    },
    /** @param share fraction of a whole pause that was measured */
    pause(share = 1) {
      const now = performance.now();
      measured.secondsPerPause = blend(measured.secondsPerPause, (now - last) / 1000 / share, 0.5);
      last = now;
    },
  });
}

/** Maximum time for writing the model, s. */
const maxPackingSeconds = 1;

/**
 * Assumed ratio of the number of examples of the final validation to that of a validation after an epoch, where it is
 * not known.
 */
const usualShare = 3;

/**
 * The total number of steps that fits into the time left, with the validations after epochs, the final validation and
 * the export of the model; at most `maxSteps`, and at least one more than are done.
 * @param finalShare ratio of the number of examples of the final validation to that of a validation after an epoch
 */
export function stepsThatFit(
  step: number,
  maxSteps: number,
  secondsLeft: number,
  speed: { secondsPerStep: number; secondsPerPause: number },
  { stepsPerEpoch, finalShare = usualShare }: { stepsPerEpoch: number; finalShare?: number | undefined },
): number {
  const { secondsPerStep, secondsPerPause } = speed;
  // The validation of the last epoch comes before the final one.
  const usable = secondsLeft - (1 + finalShare) * secondsPerPause - maxPackingSeconds;
  const fitting = (steps: number): boolean =>
    steps * secondsPerStep + Math.floor(steps / stepsPerEpoch) * secondsPerPause <= usable;
  let steps = Math.floor(usable / (secondsPerStep + secondsPerPause / stepsPerEpoch));
  while (fitting(steps + 1)) steps++;
  while (steps > 1 && !fitting(steps)) steps--;
  return Math.max(step + 1, Math.min(maxSteps, step + steps));
}
