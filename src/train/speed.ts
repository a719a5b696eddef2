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
    /** @param share of a whole pause that this one was */
    pause(share = 1) {
      const now = performance.now();
      measured.secondsPerPause = blend(measured.secondsPerPause, (now - last) / 1000 / share, 0.5);
      last = now;
    },
  });
}

/** Seconds that writing the model takes, at most. */
const packing = 1;

/** A thorough validation has this many times the examples of one of an epoch, where it is not known. */
const usualShare = 3;

/**
 * How many steps in all fit into the time left, with the validations of their epochs, the thorough one at the end and
 * the model's export; never more than `most`, and never fewer than one more than are done.
 * @param finalShare examples of the thorough validation for one of an epoch's
 */
export function stepsThatFit(
  step: number,
  most: number,
  secondsLeft: number,
  speed: { secondsPerStep: number; secondsPerPause: number },
  { stepsPerEpoch, finalShare = usualShare }: { stepsPerEpoch: number; finalShare?: number | undefined },
): number {
  const { secondsPerStep, secondsPerPause } = speed;
  // The last epoch's validation comes before the thorough one.
  const usable = secondsLeft - (1 + finalShare) * secondsPerPause - packing;
  const fitting = (steps: number): boolean =>
    steps * secondsPerStep + Math.floor(steps / stepsPerEpoch) * secondsPerPause <= usable;
  let steps = Math.floor(usable / (secondsPerStep + secondsPerPause / stepsPerEpoch));
  while (fitting(steps + 1)) steps++;
  while (steps > 1 && !fitting(steps)) steps--;
  return Math.max(step + 1, Math.min(most, step + steps));
}
