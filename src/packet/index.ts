/** Packets: where they live and how their bytes are read. */
export * from './pool.js';
