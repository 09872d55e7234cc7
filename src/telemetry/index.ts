/** Measurements of traffic. */
export * from './metrics.js';
