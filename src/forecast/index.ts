/** What failures would do to production. */
export { exposuresOf, exposureTo, type Exposure } from './exposure.js';
export { featuresOf } from './features.js';
export * from './forecast.js';
