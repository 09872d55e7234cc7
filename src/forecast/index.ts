/** What failures would do to production. */
export { featuresOf } from './features.js';
export * from './forecast.js';
