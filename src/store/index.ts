/** Durable documents. */
export * from './store.js';
