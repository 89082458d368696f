export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
};

/** A figure against its target, in words. */
export const verdict = (value: number, target: number, unit = ''): string =>
  value <= target
    ? `meets ${target}${unit}`
    : `MISSES ${target}${unit} by ${((value / target - 1) * 100).toFixed(1)} %`;
