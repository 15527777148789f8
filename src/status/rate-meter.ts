// How fast a counter moves: its growth over the last few seconds.

export interface RateMeter {
  /** Notes the counter's value now and answers its growth per second over the window. */
  rate(value: number, now: number): number;
}

/** `windowMs` default 5,000. */
export function createRateMeter(windowMs = 5_000): RateMeter {
  const samples: { readonly at: number; readonly value: number }[] = [];
  return {
    rate: (value, now) => {
      samples.push({ at: now, value });
      while (samples.length > 2 && now - (samples[1]?.at ?? now) >= windowMs) samples.shift();
      const oldest = samples[0];
      return oldest && now > oldest.at ? ((value - oldest.value) * 1_000) / (now - oldest.at) : 0;
    },
  };
}
