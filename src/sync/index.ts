/** The shadow engine's replication of production state. */
export * from './shadowSync.js';
