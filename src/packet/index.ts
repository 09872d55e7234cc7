/** Packets: where they live and how their bytes are read and written. */
export * from './erspan.js';
export * from './headers.js';
export * from './pool.js';
