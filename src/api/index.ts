/** REST. */
export { buildApi, listen, type SystemSource } from './server.js';
