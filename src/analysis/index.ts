/** Regressions over campaign results. */
export * from './model.js';
export { fitRidge, type Ridge } from './ridge.js';
