/** Mitigations, rehearsed. */
export * from './reroute.js';
