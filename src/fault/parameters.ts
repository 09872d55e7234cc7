/** Parameters of failures: checked once, and in the units of the fault stage. */
import { UmbraError } from '../base/errors.js';

/** Draws of the fault stage are uniform in [0, 2^32 - 2]; a hit is below the threshold. */
const DRAWS = 4294967295;
/** The longest time a parameter can hold, ns. */
const MAX_TIME_NS = 2 ** 46;
const MIN_RATE_BPS = 2000;
const MAX_RATE_BPS = 1e12;
/** The switches' clocks count microseconds modulo this. */
const CLOCK_US = 2 ** 48;

/** The value, when it lies within; throws INVALID_INPUT naming the parameter. */
export function within(name: string, value: number, low: number, high: number): number {
  if (!(value >= low && value <= high)) {
    throw new UmbraError('INVALID_INPUT', `${name} is ${value}; ${low} to ${high} is possible`);
  }
  return value;
}

/** A whole number within. */
export function wholeWithin(name: string, value: number, low: number, high: number): number {
  const whole = within(name, value, low, high);
  if (!Number.isInteger(whole)) {
    throw new UmbraError('INVALID_INPUT', `${name} is ${value}; a whole number is needed`);
  }
  return whole;
}

/** A share of 0 to 1 as the threshold of a draw. */
export function threshold(name: string, share: number): string {
  return String(Math.round(within(name, share, 0, 1) * DRAWS));
}

/** A time as whole nanoseconds. */
export function nanoseconds(name: string, ns: number): string {
  return String(Math.round(within(name, ns, 0, MAX_TIME_NS)));
}

/** A time as whole microseconds, rounded up to one at least. */
export function microseconds(name: string, ns: number): string {
  return String(Math.max(1, Math.round(within(name, ns, 1, MAX_TIME_NS) / 1000)));
}

/** A rate as the time of one byte: ns * 1024. */
export function byteTime(name: string, bps: number): string {
  return String(Math.round((8e9 * 1024) / within(name, bps, MIN_RATE_BPS, MAX_RATE_BPS)));
}

/** The same, rounded up: no faster than the rate. */
export function byteTimeAtLeast(name: string, bps: number): string {
  return String(Math.ceil((8e9 * 1024) / within(name, bps, MIN_RATE_BPS, MAX_RATE_BPS)));
}

/** A time of the controller in the width of the switches' clocks. */
export function expiry(us: number): string {
  return String(us % CLOCK_US);
}
